"""The follower against a real stream and real cursors; the sink here is one that fails as it is told."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from ringfence.app.export.follower import Follower
from ringfence.app.export.retrying import LONGEST_WAIT
from ringfence.app.export.sink import Away
from ringfence.clock import Instant
from ringfence.events import AlertRaised, LoginDecided
from ringfence.export.line import Line, Rendering, Selection
from ringfence.export.redaction import Redaction
from ringfence.store.cursors import Cursor, Cursors
from ringfence.store.embedded.sqlite_events import SqliteEvents
from ringfence.store.interface import Unavailable
from tests.whole_events import ORIGIN, full, stored

LOGIN, ALERT = stored(full(LoginDecided)).data, stored(full(AlertRaised)).data


class Pipe:
    """A sink that takes all, some or nothing."""

    most = 3

    def __init__(self, settles_after: float = 0.0) -> None:
        self.settles_after = settles_after
        self.taken: list[int] = []
        self.away = self.broken = False
        self.closed = 0

    async def send(self, lines: Sequence[Line]) -> int:
        if self.away:
            raise Away("gone to lunch")
        self.taken += [line.position for line in lines]
        return len(lines)

    def require_whole(self) -> None:
        if self.broken:
            raise Away("broken")

    async def close(self) -> None:
        self.closed += 1


class World:
    def __init__(self, place: Path) -> None:
        self.stream = SqliteEvents(place / "events.db")
        self.cursors = Cursors(place / "export")
        self.now = 1000.0

    def follower(self, sink: Pipe, *, kinds: tuple[str, ...] = ()) -> Follower:
        rendering = Rendering("ecs", Selection(kinds), Redaction(frozenset(), "hash", b""), ORIGIN)
        return Follower(
            "siem",
            sink,
            rendering,
            self.stream,
            self.cursors,
            lambda: Instant(self.now),
            lambda n: b"\xff" * n,
        )

    def position(self) -> int:
        cursor = self.cursors.read("siem")
        assert cursor is not None
        return cursor.position


@pytest.fixture
async def world(tmp_path: Path):
    world = World(tmp_path)
    yield world
    await world.stream.close()


async def test_everything_in_order_and_the_cursor_after_it(world: World) -> None:
    await world.stream.append([LOGIN] * 7)
    sink = Pipe()
    assert await world.follower(sink).step() is False
    assert sink.taken == [1, 2, 3, 4, 5, 6, 7]
    assert world.position() == 7
    again = Pipe()
    await world.stream.append([LOGIN])
    await world.follower(again).step()
    assert again.taken == [8]


async def test_a_sink_that_is_away_gets_what_it_missed(world: World) -> None:
    sink = Pipe()
    follower = world.follower(sink)
    await follower.step()
    sink.away = True
    await world.stream.append([LOGIN] * 4)
    for failure in range(3):
        world.now += 10
        with pytest.raises(Away) as why:
            await follower.step()
        waits = await follower.failed(str(why.value))
        assert waits == pytest.approx(0.5 * 2**failure)
    cursor = world.cursors.read("siem")
    assert (cursor.position, cursor.failing_since, cursor.failure) == (0, 1010.0, "gone to lunch")
    sink.away = False
    await follower.step()
    assert sink.taken == [1, 2, 3, 4]
    cursor = world.cursors.read("siem")
    assert (cursor.position, cursor.failing_since, cursor.failure) == (4, None, "")


async def test_waiting_has_an_end(world: World) -> None:
    follower = world.follower(Pipe())
    await follower.step()
    waits = [await follower.failed("away") for _ in range(40)]
    assert max(waits) <= LONGEST_WAIT
    assert waits[-1] > LONGEST_WAIT / 2


async def test_where_the_sink_cannot_say_so_a_line_counts_when_its_way_has_stood(world: World) -> None:
    sink = Pipe(settles_after=3.0)
    follower = world.follower(sink)
    await world.stream.append([LOGIN] * 4)
    await follower.step()
    assert (sink.taken, world.position()) == ([1, 2, 3, 4], 0)
    world.now += 3.1
    await follower.step()
    assert world.position() == 4
    await world.stream.append([LOGIN])
    await follower.step()
    sink.broken = True
    world.now += 3.1
    with pytest.raises(Away):
        await follower.step()
    await follower.failed("broken")
    assert world.position() == 4
    sink.broken = False
    await follower.step()
    assert sink.taken == [1, 2, 3, 4, 5, 5]


async def test_a_sink_of_few_kinds_moves_on_over_the_others(world: World) -> None:
    await world.stream.append([LOGIN, ALERT, LOGIN])
    sink = Pipe()
    await world.follower(sink, kinds=("alert.*",)).step()
    assert (sink.taken, world.position()) == ([2], 3)


async def test_what_is_not_for_a_sink_needs_no_way_to_it(world: World) -> None:
    await world.stream.append([LOGIN] * 3)
    sink = Pipe(settles_after=3.0)
    sink.broken = sink.away = True
    follower = world.follower(sink, kinds=("alert.*",))
    await follower.step()
    await follower.step()
    assert world.position() == 3


async def test_a_fault_of_ours_is_told_and_tried_again(world: World) -> None:
    class Faulty(Pipe):
        async def send(self, lines: Sequence[Line]) -> int:
            if not self.away:
                self.away = True
                raise KeyError("user_secret")
            self.taken += [line.position for line in lines]
            return len(lines)

    await world.stream.append([LOGIN])
    sink, stop = Faulty(), asyncio.Event()
    task = asyncio.create_task(world.follower(sink).run(stop))
    async with asyncio.timeout(10):
        while not sink.closed:
            await asyncio.sleep(0.01)
        while not (told := world.cursors.read("siem")).failure:
            await asyncio.sleep(0.01)
        while not sink.taken:
            await asyncio.sleep(0.01)
    stop.set()
    await task
    assert told.failure == "failed: KeyError"


async def test_another_stream_is_begun_at_its_start(world: World) -> None:
    world.cursors.write("siem", Cursor(position=99))
    await world.stream.append([LOGIN])
    sink = Pipe()
    await world.follower(sink).step()
    assert (sink.taken, world.position()) == ([1], 1)


async def test_a_cursor_that_cannot_be_read_sends_nothing(world: World, tmp_path: Path) -> None:
    await world.stream.append([LOGIN])
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "siem.json").write_text("?")
    sink = Pipe()
    with pytest.raises(Unavailable):
        await world.follower(sink).step()
    assert sink.taken == []


async def test_it_runs_until_told_to_stop(world: World) -> None:
    sink, stop = Pipe(), asyncio.Event()
    task = asyncio.create_task(world.follower(sink).run(stop))
    await world.stream.append([LOGIN] * 1200)
    async with asyncio.timeout(10):
        while len(sink.taken) < 1200:
            await asyncio.sleep(0.01)
    stop.set()
    await task
    assert sink.taken == list(range(1, 1201))
    assert sink.closed == 1
