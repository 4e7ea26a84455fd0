"""Quotas outlive a boot, a lost state and a kill, within the copy that was made last."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.store.embedded import lmdb_quotas
from ringfence.store.embedded.lmdb_quotas import KeptQuotas
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Admission, Bucket, Lease, Quota, Unavailable

NOW = Instant(1_800_000_000.0)
END = Instant(NOW + 1000)


def quota(name: str = "q", most: int = 5, slot: int = 7, cost: int = 1) -> Quota:
    return Quota(name.encode(), most, cost, slot, END)


async def take(state: LmdbState, *quotas: Quota) -> int:
    """Return how many further calls fit; -1: it is refused."""
    answer = await state.admit(Admission(quotas=quotas or (quota(),)), NOW)
    return -1 if answer.limited >= 0 else answer.remaining


def opened(place: Path, boot: str = "first") -> LmdbState:
    return LmdbState(place / "fast", boot=lambda: boot, quotas=place / "quotas.mdb")


async def keep(state: LmdbState, place: Path) -> int:
    with closing(KeptQuotas(place / "quotas.mdb")) as kept:
        return await state.keep_quotas(kept)


@pytest.mark.parametrize("lost", ["boot", "directory", "marks"])
async def test_what_was_taken_stays_taken_after_a_boot_or_without_the_state(tmp_path: Path, lost: str) -> None:
    state = opened(tmp_path)
    assert [await take(state) for _ in range(3)] == [4, 3, 2]
    assert await keep(state, tmp_path) == 1
    state.close()
    if lost == "directory":
        for file in (tmp_path / "fast").iterdir():
            file.unlink()
    if lost == "marks":
        (tmp_path / "fast" / "marks.mdb").unlink()
    with closing(opened(tmp_path, "second" if lost == "boot" else "first")) as again:
        assert [await take(again) for _ in range(3)] == [1, 0, -1]
        assert (tmp_path / "fast" / "marks.mdb").stat().st_mode & 0o777 == 0o600


async def test_what_was_counted_after_the_last_copy_is_what_a_boot_loses(tmp_path: Path) -> None:
    state = opened(tmp_path)
    await take(state)
    await keep(state, tmp_path)
    await take(state)
    state.close()
    with closing(opened(tmp_path, "second")) as again:
        assert await take(again) == 3


async def test_without_a_boot_the_state_itself_counts_and_not_the_copy(tmp_path: Path) -> None:
    state = opened(tmp_path)
    await take(state)
    await keep(state, tmp_path)
    await take(state)
    state.close()
    with closing(opened(tmp_path)) as again:
        assert await take(again) == 2


async def test_only_quotas_are_kept_and_only_what_has_changed_is_written(tmp_path: Path) -> None:
    state = opened(tmp_path)
    asked = Admission(
        claims=((b"jti", END),),
        buckets=(Bucket(b"b", 1000.0, 0.0),),
        quotas=(quota("a"), quota("b")),
        leases=(Lease(b"l", 1, END),),
    )
    await state.admit(asked, NOW)
    assert await keep(state, tmp_path) == 2
    assert await keep(state, tmp_path) == 0
    await take(state, quota("b"))
    assert await keep(state, tmp_path) == 1
    state.close()
    with closing(opened(tmp_path, "second")) as again:
        assert await take(again, quota("b")) == 2
        fresh = Admission(claims=asked.claims, buckets=asked.buckets, leases=asked.leases)
        answer = await again.admit(fresh, NOW)
        assert (answer.replayed, answer.limited) == (-1, -1)


async def test_many_rows_are_kept_a_step_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lmdb_quotas, "ROWS_A_STEP", 3)
    state = opened(tmp_path)
    for number in range(20):
        await take(state, quota(f"q{number:02}"))
    assert await keep(state, tmp_path) == 20
    state.close()
    with closing(opened(tmp_path, "second")) as again:
        assert {await take(again, quota(f"q{number:02}")) for number in range(20)} == {3}


async def test_a_slot_that_is_over_counts_no_more_and_is_swept(tmp_path: Path) -> None:
    state = opened(tmp_path)
    await take(state)
    await keep(state, tmp_path)
    state.close()
    with closing(opened(tmp_path, "second")) as again:
        assert await take(again, quota(slot=9)) == 4
    with closing(KeptQuotas(tmp_path / "quotas.mdb")) as kept:
        assert await kept.sweep(NOW) == 0
        assert await kept.sweep(Instant(END + 1000)) == 1
        assert await kept.sweep(Instant(END + 1000)) == 0


async def test_marks_that_were_being_made_when_the_power_went_are_made_anew(tmp_path: Path) -> None:
    state = opened(tmp_path)
    await take(state)
    await keep(state, tmp_path)
    state.close()
    (tmp_path / "fast" / "marks.mdb").rename(tmp_path / "fast" / "marks.making")
    (tmp_path / "fast" / "marks.making").write_bytes(os.urandom(5000))
    with closing(opened(tmp_path, "second")) as again:
        assert await take(again) == 3


async def test_a_copy_that_is_torn_is_an_outage_and_no_new_quota(tmp_path: Path) -> None:
    (tmp_path / "quotas.mdb").write_bytes(os.urandom(8192))
    with pytest.raises(Unavailable):
        opened(tmp_path)
    assert not (tmp_path / "fast" / "marks.mdb").exists()


OPENS = """
import asyncio, sys
from pathlib import Path
from ringfence.clock import Instant
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Admission, Quota
place = Path(sys.argv[1])
state = LmdbState(place / "fast", boot=lambda: "second", quotas=place / "quotas.mdb")
quota = Quota(b"q", 60, 1, 7, Instant(1_800_001_000.0))
async def main():
    for _ in range(20):
        answer = await state.admit(Admission(quotas=(quota,)), Instant(1_800_000_000.0))
        print("refused" if answer.limited >= 0 else "taken")
asyncio.run(main())
"""


async def test_workers_that_start_together_after_a_boot_take_it_over_once(tmp_path: Path) -> None:
    state = opened(tmp_path)
    for _ in range(10):
        await take(state, quota(most=60))
    await keep(state, tmp_path)
    state.close()
    workers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", OPENS, str(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    ended = [await one.communicate() for one in workers]
    assert [one.returncode for one in workers] == [0] * 4, ended
    told = b"".join(out for out, _ in ended).split()
    assert (told.count(b"taken"), told.count(b"refused")) == (50, 30)


KEEPS = """
import asyncio, sys
from pathlib import Path
from ringfence.clock import Instant
from ringfence.store.embedded.lmdb_quotas import KeptQuotas
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Admission, Quota
place = Path(sys.argv[1])
state = LmdbState(place / "fast", boot=lambda: "first", quotas=place / "quotas.mdb")
kept = KeptQuotas(place / "quotas.mdb")
async def main():
    for number in range(100_000):
        quota = Quota(f"q{number % 50}".encode(), 10**9, 1, 7, Instant(1_800_001_000.0))
        await state.admit(Admission(quotas=(quota,)), Instant(1_800_000_000.0))
        if number % 50 == 49:
            await state.keep_quotas(kept)
            print("kept", (number + 1) // 50, flush=True)
asyncio.run(main())
"""


def test_a_process_that_is_killed_while_it_copies_leaves_a_whole_copy(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KEEPS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(5):
        assert process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    told = [*process.stdout.read().split()]
    process.wait()
    last = max([5, *(int(word) for word in told if word.isdigit())])

    async def used() -> list[int]:
        with closing(opened(tmp_path, "second")) as again:
            return [10**9 - await take(again, quota(f"q{number}", 10**9)) - 1 for number in range(50)]

    counts = asyncio.run(used())
    assert set(counts) <= {last, last + 1}
