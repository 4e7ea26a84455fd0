"""What LMDB adds to the contract: long keys, far ends, maps that grow under other processes."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.store.embedded.lmdb_state import GROWTH_BYTES, LmdbState
from ringfence.store.interface import Admission, Bucket, Quota, Unavailable

NOW = Instant(1_800_000_000.0)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[LmdbState]:
    opened = LmdbState(tmp_path / "fast")
    yield opened
    opened.close()


async def test_a_claim_may_be_long_a_block_or_bucket_may_not(state: LmdbState) -> None:
    assert await state.claim(b"x" * 100_000, Instant(NOW + 1), NOW)
    with pytest.raises(Unavailable):
        await state.block([b"x" * 1000], Instant(NOW + 1), NOW)
    with pytest.raises(Unavailable):
        await state.admit(Admission(buckets=(Bucket(b"x" * 1000, 1.0, 1.0),)), NOW)


async def test_a_claim_for_ever_is_kept(state: LmdbState) -> None:
    assert await state.claim(b"x", Instant(1e12), NOW)
    assert await state.sweep(Instant(NOW + 1e8)) == 0
    assert not await state.claim(b"x", Instant(1e12), Instant(NOW + 1e8))


async def test_a_call_that_only_reads_writes_nothing(state: LmdbState) -> None:
    before = state._marks.info()["last_txnid"], state._blocks.info()["last_txnid"]
    await state.admit(Admission(blocks=(b"a", b"b", b"c")), NOW)
    assert (state._marks.info()["last_txnid"], state._blocks.info()["last_txnid"]) == before


async def test_a_quota_stands_after_a_restart_and_is_begun_anew_after_a_boot(tmp_path: Path) -> None:
    asked = Admission(quotas=(Quota(b"q", 1, 1, 7, Instant(NOW + 60)),))
    for boot, limited in (("one", -1), ("one", 0), ("two", -1)):
        state = LmdbState(tmp_path / "fast", boot=lambda boot=boot: boot)  # type: ignore[misc]
        assert (await state.admit(asked, NOW)).limited == limited
        state.close()


GROW = """
import asyncio, sys
from pathlib import Path
from ringfence.store.embedded.lmdb_state import LmdbState
async def main():
    state = LmdbState(Path(sys.argv[1]), 1 << 25)
    for i in range(40_000):
        await state.claim(b"%d" % i, 1_800_000_060.0, 1_800_000_000.0)
asyncio.run(main())
"""


async def test_a_map_that_another_process_made_larger_is_taken_over(tmp_path: Path) -> None:
    state = LmdbState(tmp_path / "fast", 1 << 20)
    assert await state.claim(b"before", Instant(NOW + 60), NOW)
    subprocess.run([sys.executable, "-c", GROW, tmp_path / "fast"], check=True, timeout=60)  # noqa: ASYNC221 - a test
    assert not await state.claim(b"39999", Instant(NOW + 60), NOW)
    assert await state.claim(b"after", Instant(NOW + 60), NOW)
    assert state._marks.info()["map_size"] > GROWTH_BYTES
    state.close()
