"""Every `EventStream` keeps these promises."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from ringfence.store.embedded.sqlite_events import SqliteEvents
from ringfence.store.interface import EventStream, StoredEvent, Unavailable

OPENERS = {"sqlite": SqliteEvents}
"""Each engine by what opens it on a path; a further one is one line."""


@pytest.fixture(params=OPENERS)
async def stream(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EventStream]:
    opened = OPENERS[request.param](tmp_path / "events.db")
    yield opened
    await opened.close()


async def test_events_come_back_in_order_after_a_position(stream: EventStream) -> None:
    assert await stream.read(0, 10) == []
    assert await stream.append([b'{"a":1}', b'{"a":2}']) == 2
    assert await stream.append([b'{"a":3}']) == 3
    assert await stream.read(0, 10) == [StoredEvent(i, b'{"a":%d}' % i) for i in (1, 2, 3)]
    assert await stream.read(1, 1) == [StoredEvent(2, b'{"a":2}')]
    assert await stream.read(3, 10) == []


async def test_an_empty_batch_changes_nothing(stream: EventStream) -> None:
    assert await stream.append([]) == 0
    assert await stream.append([b"1"]) == 1
    assert await stream.append([]) == 1


async def test_a_batch_of_a_source_is_taken_once(stream: EventStream) -> None:
    assert await stream.shipped("gw0") == 0
    assert await stream.append([b"1", b"2"], source="gw0", upto=20) == 2
    assert await stream.append([b"1", b"2"], source="gw0", upto=20) == 2
    assert await stream.append([b"1"], source="gw0", upto=10) == 2
    assert await stream.shipped("gw0") == 20
    assert await stream.append([b"3"], source="gw1", upto=10) == 3
    assert await stream.append([b"4"], source="gw0", upto=30) == 4
    assert [e.data for e in await stream.read(0, 10)] == [b"1", b"2", b"3", b"4"]
    await stream.retire("gw0")
    assert await stream.shipped("gw0") == 0
    assert await stream.shipped("gw1") == 10


async def test_it_does_not_hold_up_the_event_loop(stream: EventStream) -> None:
    batch = [b'{"x":"%s"}' % (b"y" * 400)] * 20_000
    appending = asyncio.create_task(stream.append(batch))
    longest, last = 0.0, time.perf_counter()
    while not appending.done():
        await asyncio.sleep(0)
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
    assert await appending == 20_000
    assert longest < 0.5


async def test_after_close_it_is_unavailable(tmp_path: Path) -> None:
    stream = SqliteEvents(tmp_path / "events.db")
    await stream.append([b"1"])
    await stream.close()
    with pytest.raises(Unavailable):
        await stream.append([b"2"])


APPEND = """
import asyncio, sys
from pathlib import Path
from ringfence.store.embedded.sqlite_events import SqliteEvents
async def main():
    stream = SqliteEvents(Path(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    for i in range(40):
        await stream.append([b"%d" % (i * 5 + j) for j in range(5)], source=sys.argv[2], upto=i + 1)
    await stream.close()
asyncio.run(main())
"""


async def test_processes_append_side_by_side_and_a_reader_that_follows_misses_nothing(
    stream: EventStream, tmp_path: Path, start: Callable, outputs: Callable
) -> None:
    appending = asyncio.create_task(
        asyncio.to_thread(outputs, [start(APPEND, tmp_path / "events.db", name) for name in "abc"])
    )
    seen: list[StoredEvent] = []
    deadline = time.monotonic() + 60
    while len(seen) < 600 and time.monotonic() < deadline:
        seen += await stream.read(seen[-1].position if seen else 0, 50)
        await asyncio.sleep(0.001)
    await appending
    assert [e.position for e in seen] == list(range(1, 601))
    assert sorted(int(e.data) for e in seen) == sorted([*range(200)] * 3)


async def test_a_path_that_cannot_be_opened_is_unavailable_and_recovers(tmp_path: Path) -> None:
    stream = SqliteEvents(tmp_path / "absent" / "events.db")
    with pytest.raises(Unavailable):
        await stream.append([b"1"])
    (tmp_path / "absent").mkdir()
    assert await stream.append([b"1"]) == 1
    await stream.close()
