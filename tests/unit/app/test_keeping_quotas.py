"""Quotas are copied now and then, and a copy that fails is made up for."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from ringfence.app.keeping_quotas import copy_quotas, keep_quotas, keeping_quotas
from ringfence.clock import Instant
from ringfence.store.embedded.lmdb_quotas import KeptQuotas
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Admission, Quota, Unavailable

NOW = Instant(1_800_000_000.0)
ASKED = Admission(quotas=(Quota(b"q", 5, 1, 7, Instant(NOW + 1000)),))


async def left_after_a_boot(place: Path) -> int:
    with closing(LmdbState(place / "fast", boot=lambda: "another", quotas=place / "quotas.mdb")) as again:
        return (await again.look(ASKED, NOW)).remaining


async def test_it_goes_on_copying_while_the_role_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = LmdbState(tmp_path / "fast", quotas=tmp_path / "quotas.mdb")
    kept = KeptQuotas(tmp_path / "quotas.mdb")
    copied, keep, fails = asyncio.Event(), kept.keep, [True]

    async def once_unavailable(marks) -> int:
        if fails.pop() if fails else False:
            raise Unavailable("the disk is full")
        found = await keep(marks)
        copied.set()
        return found

    monkeypatch.setattr(kept, "keep", once_unavailable)
    await state.admit(ASKED, NOW)
    going = asyncio.create_task(keep_quotas(state, kept, lambda: NOW, 0.001))
    await asyncio.wait_for(copied.wait(), 30)
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)
    state.close()
    kept.close()
    assert await left_after_a_boot(tmp_path) == 3


async def test_at_an_orderly_end_nothing_is_lost(tmp_path: Path) -> None:
    state = LmdbState(tmp_path / "fast", quotas=tmp_path / "quotas.mdb")
    async with keeping_quotas(tmp_path / "quotas.mdb", state, lambda: NOW):
        await state.admit(ASKED, NOW)
    state.close()
    assert await left_after_a_boot(tmp_path) == 3


async def test_a_copy_at_the_end_has_everything_and_one_that_fails_ends_nothing(tmp_path: Path) -> None:
    state = LmdbState(tmp_path / "fast", quotas=tmp_path / "quotas.mdb")
    kept = KeptQuotas(tmp_path / "quotas.mdb")
    await state.admit(ASKED, NOW)
    await state.admit(ASKED, NOW)
    await copy_quotas(state, kept)
    kept.close()
    await copy_quotas(state, kept)
    state.close()
    assert await left_after_a_boot(tmp_path) == 2
