import asyncio
import os
import threading
from pathlib import Path

import pytest

from ringfence.store.flushing import Flushing
from ringfence.store.interface import Unavailable


class Disk:
    """Counts flushes, and holds each until it is let go."""

    def __init__(self) -> None:
        self.count = 0
        self.go = threading.Semaphore(0)
        self.error: OSError | None = None

    def sync(self, descriptor: int) -> None:
        assert self.go.acquire(timeout=10)
        self.count += 1
        if self.error:
            raise self.error


async def test_all_who_come_while_one_runs_share_the_next_one():
    disk = Disk()
    flushing = Flushing(7, disk.sync)
    first = asyncio.create_task(flushing.flush())
    await asyncio.sleep(0.01)
    others = [asyncio.create_task(flushing.flush()) for _ in range(50)]
    await asyncio.sleep(0.01)
    disk.go.release()
    await first
    await asyncio.sleep(0.01)
    assert not any(task.done() for task in others)  # they were written after the first one began
    late = asyncio.create_task(flushing.flush())
    await asyncio.sleep(0.01)
    disk.go.release()
    await asyncio.gather(*others)
    assert disk.count == 2
    assert not late.done()
    disk.go.release()
    await late
    assert disk.count == 3
    await flushing.idle()


async def test_who_comes_in_the_same_turn_of_the_loop_comes_along():
    disk = Disk()
    flushing = Flushing(7, disk.sync)
    disk.go.release(2)
    await asyncio.gather(*(flushing.flush() for _ in range(50)))
    assert disk.count == 1
    await flushing.idle()


async def test_who_waits_while_a_flush_fails_is_told_so_too():
    disk = Disk()
    disk.error = OSError(5, "Input/output error")
    flushing = Flushing(7, disk.sync)
    first = asyncio.create_task(flushing.flush())
    await asyncio.sleep(0.01)
    second = asyncio.create_task(flushing.flush())
    await asyncio.sleep(0.01)
    disk.go.release(2)
    both = await asyncio.gather(first, second, return_exceptions=True)
    assert all(isinstance(one, Unavailable) for one in both)
    assert disk.count == 1
    await flushing.idle()


async def test_who_goes_away_does_not_take_it_from_the_others():
    disk = Disk()
    flushing = Flushing(7, disk.sync)
    first = asyncio.create_task(flushing.flush())
    await asyncio.sleep(0.01)
    second, third = asyncio.create_task(flushing.flush()), asyncio.create_task(flushing.flush())
    await asyncio.sleep(0.01)
    first.cancel()
    second.cancel()
    disk.go.release(2)
    await third
    assert disk.count == 2


async def test_after_a_failure_none_is_trusted():
    disk = Disk()
    disk.error = OSError(5, "Input/output error")
    flushing = Flushing(7, disk.sync)
    disk.go.release(5)
    both = await asyncio.gather(flushing.flush(), flushing.flush(), return_exceptions=True)
    assert all(isinstance(one, Unavailable) for one in both)
    disk.error = None
    with pytest.raises(Unavailable, match="Input/output"):
        await flushing.flush()
    assert disk.count == 1


async def test_a_real_file(tmp_path: Path):
    descriptor = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    os.write(descriptor, b"x")
    flushing = Flushing(descriptor)
    await asyncio.gather(*(flushing.flush() for _ in range(20)))
    await flushing.idle()
    os.close(descriptor)
