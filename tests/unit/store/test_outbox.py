"""The outbox keeps what it took: through a kill, an outage of the stream, and a full disk."""

# ruff: noqa: ASYNC220, ASYNC221, ASYNC240  # a test may hold up its own event loop for a moment

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.events import AdminActed
from ringfence.ids import system_random
from ringfence.store.embedded.sqlite_events import SqliteEvents
from ringfence.store.interface import StoredEvent, Unavailable
from ringfence.store.journal import Journal
from ringfence.store.outbox import Outbox


def event(subject: object, action: str = "a") -> AdminActed:
    return AdminActed(at=Instant(1.0), correlation="c", actor="uid:0", action=action, subject=str(subject))


async def subjects(stream: SqliteEvents) -> list[str]:
    decoded = [msgspec.json.decode(e.data) for e in await stream.read(0, 1_000_000)]
    return [event["subject"] for event in decoded if "subject" in event]


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if await value if asyncio.iscoroutine(value) else value:
            return
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


class Breakable(SqliteEvents):
    """A stream that can be out of order, before or after it has kept the batch."""

    broken = False
    after = False

    async def append(self, events: Sequence[bytes], *, source: str = "", upto: int = 0) -> int:
        if self.after:
            await super().append(events, source=source, upto=upto)
        if self.broken or self.after:
            raise Unavailable("broken on purpose")
        return await super().append(events, source=source, upto=upto)

    async def read(self, after: int, limit: int) -> list[StoredEvent]:
        return await super().read(after, limit)


@pytest.fixture
async def stream(tmp_path: Path) -> AsyncIterator[Breakable]:
    opened = Breakable(tmp_path / "events.db")
    yield opened
    await opened.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "spill"


async def test_events_arrive_in_order_within_a_moment(stream: Breakable, directory: Path) -> None:
    outbox = Outbox(stream, directory, "gw0", system_random)
    await outbox.start()
    for i in range(1000):
        outbox.ready()
        outbox.emit(event(i))

    async def arrived() -> bool:
        return len(await subjects(stream)) == 1000

    await until(arrived)
    assert await subjects(stream) == [str(i) for i in range(1000)]
    await outbox.close()
    assert list(directory.iterdir()) == []


async def test_close_ships_what_waits(stream: Breakable, directory: Path) -> None:
    outbox = Outbox(stream, directory, "gw0", system_random)
    await outbox.start()
    outbox.emit(event("last"))
    await outbox.close()
    assert await subjects(stream) == ["last"]
    with pytest.raises(Unavailable):
        outbox.emit(event("too late"))
    with pytest.raises(Unavailable):
        outbox.ready()


async def test_an_event_longer_than_a_batch_goes_through(stream: Breakable, directory: Path) -> None:
    outbox = Outbox(stream, directory, "gw0", system_random)
    await outbox.start()
    outbox.emit(event("before"))
    outbox.emit(event("long", action="x" * 3_000_000))
    outbox.emit(event("after"))
    await outbox.close()
    assert await subjects(stream) == ["before", "long", "after"]


async def test_a_journal_that_has_grown_is_replaced_and_removed(stream: Breakable, directory: Path) -> None:
    outbox = Outbox(stream, directory, "gw0", system_random)
    await outbox.start()
    first = next(directory.iterdir())
    for i in range(6):
        outbox.emit(event(i, action="x" * 1_000_000))
    await outbox.flush()
    outbox.emit(event("wakes the shipping"))
    await until(lambda: not first.exists())
    assert len(list(directory.iterdir())) == 1
    outbox.emit(event("in the next journal"))
    await outbox.close()
    assert await subjects(stream) == [*map(str, range(6)), "wakes the shipping", "in the next journal"]


@pytest.mark.parametrize("mode", ["refuse", "spill"])
async def test_an_outage_refuses_or_spills_and_afterwards_everything_arrives_once(
    stream: Breakable, directory: Path, mode: str
) -> None:
    outbox = Outbox(stream, directory, "gw0", system_random, on_outage=mode)
    await outbox.start()
    stream.broken = True
    outbox.ready()
    outbox.emit(event(1))
    await until(lambda: outbox._failure)
    if mode == "refuse":
        with pytest.raises(Unavailable):
            outbox.ready()
    else:
        outbox.ready()
    outbox.emit(event(2))  # of a call that was already under way
    stream.broken = False
    await until(lambda: not outbox._failure)
    outbox.ready()
    assert await subjects(stream) == ["1", "2"]
    await outbox.close()


async def test_a_batch_that_was_kept_although_it_failed_is_not_repeated(stream: Breakable, directory: Path) -> None:
    outbox = Outbox(stream, directory, "gw0", system_random, on_outage="spill")
    await outbox.start()
    stream.after = True
    outbox.emit(event(1))
    await until(lambda: outbox._failure)
    outbox.emit(event(2))
    stream.after = False
    await until(lambda: not outbox._failure)
    await outbox.close()
    assert await subjects(stream) == ["1", "2"]


def flood(outbox: Outbox) -> None:
    for _ in range(20):
        outbox.emit(event("refusal", action="x" * 1_000_000))


async def test_spilling_ends_at_its_limit(stream: Breakable, directory: Path) -> None:
    stream.broken = True
    outbox = Outbox(stream, directory, "gw0", system_random, on_outage="spill", limit_bytes=108_000)
    await outbox.start()
    for i in range(90):
        outbox.ready()
        outbox.emit(event(i, action="x" * 1000))
    for _ in range(10):
        outbox.emit(event("under way", action="x" * 1000))
    with pytest.raises(Unavailable):
        outbox.ready()
    outbox.emit(event("under way"))
    with pytest.raises(Unavailable):
        flood(outbox)
    stream.broken = False
    await outbox.close()
    assert len(await subjects(stream)) > 101


async def test_what_waits_at_close_arrives_after_the_next_start_of_any_role(stream: Breakable, directory: Path) -> None:
    stream.broken = True
    outbox = Outbox(stream, directory, "gw1", system_random, on_outage="spill")
    await outbox.start()
    outbox.emit(event("left"))
    await outbox.close()
    stream.broken = False
    other = Outbox(stream, directory, "oauth", system_random)
    await other.start()
    other.emit(event("new"))
    await other.close()
    assert await subjects(stream) == ["left", "new"]


async def test_a_journal_of_a_living_process_is_left_alone(stream: Breakable, directory: Path) -> None:
    directory.mkdir()
    living = Journal.create(directory, "gw0", system_random)
    living.append(b'{"subject":"mine"}\n')
    outbox = Outbox(stream, directory, "gw0", system_random)
    await outbox.start()
    await outbox.flush()
    assert await subjects(stream) == []
    await outbox.close()
    assert living.path.exists()
    living.close()


async def test_a_torn_last_line_was_never_taken(stream: Breakable, directory: Path) -> None:
    directory.mkdir()
    (directory / "gw0-00000001-x.journal").write_bytes(b'{"subject":"1"}\n{"subject":"2"}\n{"subj\0\0\0')
    outbox = Outbox(stream, directory, "gw0", system_random)
    await outbox.start()
    await outbox.close()
    assert await subjects(stream) == ["1", "2"]


LOOP = """
import asyncio, os, sys
from pathlib import Path
from ringfence.clock import Instant
from ringfence.events import AdminActed
from ringfence.ids import system_random
from ringfence.store.embedded.sqlite_events import SqliteEvents
from ringfence.store.outbox import Outbox
async def main():
    outbox = Outbox(SqliteEvents(Path(sys.argv[1])), Path(sys.argv[2]), "gw0", system_random)
    await outbox.start()
    i = 0
    while True:
        for _ in range(20):
            outbox.ready()
            outbox.emit(AdminActed(at=1.0, correlation="c", actor="a", action="a", subject=f"{os.getpid()}-{i}"))
            os.write(1, b"%d\\n" % i)
            i += 1
        await asyncio.sleep(0.001)
asyncio.run(main())
"""


async def test_a_killed_worker_loses_nothing_and_nothing_is_repeated(
    stream: Breakable, tmp_path: Path, directory: Path
) -> None:
    expected = []
    for pause in (0.03, 0.12, 0.2):
        worker = subprocess.Popen(
            [sys.executable, "-c", LOOP, tmp_path / "events.db", directory], stdout=subprocess.PIPE
        )
        assert worker.stdout is not None
        worker.stdout.readline()
        await asyncio.sleep(pause)
        worker.kill()
        last = int(worker.stdout.read().split()[-1])
        worker.wait()
        expected += [f"{worker.pid}-{i}" for i in range(last + 1)]
    outbox = Outbox(stream, directory, "gw0", system_random)
    await outbox.start()
    await outbox.close()
    kept = await subjects(stream)
    assert len(kept) == len(set(kept))
    # The last event of a worker may have been taken just before it could say so.
    assert set(expected) <= set(kept)
    assert len(kept) <= len(expected) + 3
    assert list(directory.iterdir()) == []


# a full disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs to be root to mount a small disk")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


async def test_a_full_disk_is_noticed_before_a_call_and_what_was_taken_is_kept(
    stream: Breakable, small_disk: Path
) -> None:
    outbox = Outbox(stream, small_disk, "gw0", system_random, on_outage="spill")
    await outbox.start()
    stream.broken = True
    (small_disk / "filler").write_bytes(b"x" * 1_900_000)

    taken = 0

    async def fill() -> None:
        nonlocal taken
        for taken in range(1_000_000):
            outbox.ready()
            outbox.emit(event(taken))  # never the one that fails
            if taken % 1000 == 0:
                await asyncio.sleep(0)

    with pytest.raises(Unavailable, match="No space"):
        await fill()
    assert taken > 1000
    for late in range(500):
        outbox.emit(event(f"under way {late}"))
    (small_disk / "filler").unlink()
    outbox.ready()
    stream.broken = False
    await outbox.close()
    kept = await subjects(stream)
    assert kept == [str(i) for i in range(taken)] + [f"under way {i}" for i in range(500)]


async def test_a_stream_on_a_full_disk_loses_nothing(small_disk: Path, directory: Path) -> None:
    stream = SqliteEvents(small_disk / "events.db")
    outbox = Outbox(stream, directory, "gw0", system_random, on_outage="spill")
    await outbox.start()
    for i in range(5000):
        outbox.emit(event(i, action="x" * 1000))
        if i % 100 == 0:
            await asyncio.sleep(0.005)
    await until(lambda: outbox._failure)
    subprocess.run(["mount", "-o", "remount,size=40m", small_disk], check=True)
    await until(lambda: not outbox._failure)
    await outbox.close()
    assert await subjects(stream) == [str(i) for i in range(5000)]
    await stream.close()


async def test_no_room_at_start_is_unavailable(stream: Breakable, small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"x" * 2_900_000)
    with pytest.raises(Unavailable):
        await Outbox(stream, small_disk, "gw0", system_random).start()
    assert [p.name for p in small_disk.iterdir()] == ["filler"]


async def test_many_who_settle_at_once_share_a_flush(stream: Breakable, directory: Path) -> None:
    outbox = Outbox(stream, directory, "gw0", system_random)
    await outbox.start()
    assert outbox._journal is not None
    real, flushes = outbox._journal.flushing._sync, []

    def counted(descriptor: int) -> None:
        flushes.append(descriptor)
        real(descriptor)

    outbox._journal.flushing._sync = counted

    async def one(number: int) -> None:
        outbox.emit(event(number))
        await outbox.settle()

    await asyncio.gather(*(one(n) for n in range(200)))
    assert 1 <= len(flushes) <= 3
    await outbox.settle_weighty()
    before = len(flushes)
    await outbox.settle_weighty()  # nothing weighty has been taken since
    assert len(flushes) == before
    await outbox.close()


async def test_after_a_flush_failed_nothing_is_taken_until_a_fresh_journal(stream: Breakable, directory: Path) -> None:
    outbox = Outbox(stream, directory, "gw0", system_random)
    await outbox.start()
    assert outbox._journal is not None
    broken = outbox._journal

    def fails(_: int) -> None:
        raise OSError(5, "Input/output error")

    broken.flushing._sync = fails
    outbox.emit(event(1))
    with pytest.raises(Unavailable, match="Input/output"):
        await outbox.settle()
    with pytest.raises(Unavailable):
        outbox.ready()
    outbox.emit(event(2))  # what had been let through before is kept all the same
    await until(lambda: outbox._journal is not broken)
    outbox.ready()
    await until(lambda: not outbox._older)
    await outbox.settle()
    assert await subjects(stream) == ["1", "2"]
    await outbox.close()


async def test_every_event_says_where_it_came_from_and_a_journals_end_is_told(
    stream: Breakable, directory: Path
) -> None:
    outbox = Outbox(stream, directory, "gw0", system_random)
    await outbox.start()
    for n in range(3):
        outbox.emit(event(n))
    await outbox.close()
    rows = await stream.read(0, 10)
    at = 0
    for row in rows:
        assert (row.source, row.offset) == (rows[0].source, at)
        at += len(row.data) + 1
    last = msgspec.json.decode(rows[-1].data)
    assert (last["event"], last["producer"], last["size"]) == ("journal.ended.v1", rows[0].source, rows[-1].offset)


async def test_the_end_of_a_dead_journal_is_told_by_who_adopts_it(stream: Breakable, directory: Path) -> None:
    directory.mkdir()
    line = b'{"event":"admin.acted.v1","subject":"1"}\n'
    (directory / "gw0-00000001-x.journal").write_bytes(line * 2)
    outbox = Outbox(stream, directory, "gw1", system_random)
    await outbox.start()
    await until(lambda: not outbox._older)
    await outbox.flush()
    rows = await stream.read(0, 10)
    told = msgspec.json.decode(rows[2].data)
    assert (told["producer"], told["size"], rows[2].source[:4]) == ("gw0-00000001-x.journal", 2 * len(line), "gw1-")
    await outbox.close()
