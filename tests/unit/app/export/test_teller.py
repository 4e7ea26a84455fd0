"""The teller against a real stream and real cursors; who is told here is one that fails as it is told."""

import asyncio
from pathlib import Path

import pytest

from ringfence.app.export.sink import Away, Unwanted
from ringfence.app.export.teller import Teller
from ringfence.clock import Instant
from ringfence.events import LoginDecided
from ringfence.export.telling import Message
from ringfence.policy.notify_model import Channel
from ringfence.store.cursors import Cursor, Cursors
from ringfence.store.embedded.sqlite_events import SqliteEvents
from ringfence.store.interface import Unavailable
from tests.told import noticing, raised
from tests.whole_events import full, stored

LOGIN = stored(full(LoginDecided)).data


class Pager:
    """Is told, unless it is away or does not want to be."""

    def __init__(self) -> None:
        self.told: list[Message] = []
        self.tried: list[str] = []
        self.fails: type[Exception] | None = None
        self.closed = 0

    async def tell(self, message: Message) -> None:
        self.tried.append(message.message_id)
        if self.fails is not None:
            raise self.fails("out")
        self.told.append(message)

    async def close(self) -> None:
        self.closed += 1

    def alerts(self) -> list[list[str]]:
        return [[one.alert for one in message.notices] for message in self.told]

    def each(self) -> list[str]:
        return [alert for message in self.alerts() for alert in message]


class World:
    def __init__(self, place: Path) -> None:
        self.stream = SqliteEvents(place / "events.db")
        self.cursors = Cursors(place / "export")
        self.now = 1_800_000_000.0

    def teller(self, pager: Pager, **settings) -> Teller:
        return Teller(
            "phone",
            pager,
            noticing(),
            Channel(**settings),
            self.stream,
            self.cursors,
            lambda: Instant(self.now),
            lambda n: b"\xff" * n,
        )

    async def raise_alerts(self, *numbers: int) -> None:
        await self.stream.append([raised(n) for n in numbers])

    def cursor(self) -> Cursor:
        cursor = self.cursors.read("phone")
        assert cursor is not None
        return cursor


async def all_steps(teller: Teller) -> None:
    while await teller.step():
        pass


@pytest.fixture
async def world(tmp_path: Path):
    world = World(tmp_path)
    yield world
    await world.stream.close()


async def test_it_begins_with_what_happens_next_and_tells_one_by_one(world: World) -> None:
    await world.raise_alerts(1, 2)
    pager = Pager()
    teller = world.teller(pager)
    await all_steps(teller)
    assert pager.told == []
    await world.raise_alerts(3)
    await world.stream.append([LOGIN])
    await world.raise_alerts(4)
    await all_steps(teller)
    assert pager.alerts() == [["alert_3"], ["alert_4"]]
    assert (world.cursor().position, world.cursor().waiting) == (5, 0)
    again = Pager()
    await all_steps(world.teller(again))
    assert again.told == []


async def test_a_flood_becomes_a_digest_and_none_of_it_is_lost(world: World) -> None:
    pager = Pager()
    teller = world.teller(pager, at_once=3, most_per_hour=60)
    await all_steps(teller)
    for flood in range(10):
        await world.raise_alerts(*range(flood * 100, flood * 100 + 100))
        await all_steps(teller)
    assert [len(told) for told in pager.alerts()] == [1, 1, 98]
    world.now += 60.1
    await all_steps(teller)
    assert [len(told) for told in pager.alerts()] == [1, 1, 98, 900]
    for _ in range(10):
        await all_steps(teller)
    assert len(pager.told) == 4
    assert pager.each() == [f"alert_{n}" for n in range(1000)]
    world.now += 3600
    await world.raise_alerts(1001)
    await all_steps(teller)
    assert pager.alerts()[-1] == ["alert_1001"]


async def test_however_it_is_killed_there_are_no_more_messages_than_may_be(world: World) -> None:
    """The bucket is on the disk: a role that dies again and again is no way around it."""
    pager = Pager()
    await all_steps(world.teller(pager, at_once=2))
    for n in range(30):
        await world.raise_alerts(n)
        await all_steps(world.teller(pager, at_once=2))
    assert len(pager.told) == 2


async def test_who_is_away_is_waited_for_and_told_everything(world: World) -> None:
    pager = Pager()
    teller = world.teller(pager, attempts=2)
    await all_steps(teller)
    await world.raise_alerts(1, 2)
    pager.fails = Away
    for n in range(30):
        world.now += 30
        with pytest.raises(Away):
            await teller.step()
        assert await teller.failed("gone") <= 30
        if n == 10:
            await world.raise_alerts(3)
    assert len(set(pager.tried)) == 1
    cursor = world.cursor()
    assert (cursor.failure, cursor.failing_since, cursor.given_up) == ("gone", 1_800_000_030.0, 0)
    assert (cursor.position, cursor.waiting) == (0, 3)
    pager.fails = None
    await all_steps(teller)
    assert pager.alerts() == [["alert_1"], ["alert_2"], ["alert_3"]]
    cursor = world.cursor()
    assert (cursor.failure, cursor.failing_since, cursor.waiting) == ("", None, 0)


async def test_killed_between_sending_and_noting_it_is_the_same_message_again(world: World) -> None:
    first = Pager()
    await all_steps(world.teller(first, at_once=1))
    await world.raise_alerts(1, 2, 3)
    first.fails = KeyboardInterrupt  # the end of the process, as it is told
    with pytest.raises(KeyboardInterrupt):
        await world.teller(first, at_once=1).step()
    await world.raise_alerts(4, 5)
    second = Pager()
    await all_steps(world.teller(second, at_once=1))
    assert second.alerts() == [["alert_1", "alert_2", "alert_3"]]
    assert second.tried[0] == first.tried[-1]
    world.now += 3600
    await all_steps(world.teller(second, at_once=1))
    assert second.alerts()[1:] == [["alert_4", "alert_5"]]


async def test_beyond_the_bound_the_oldest_are_dropped_counted_and_said_to_be(world: World) -> None:
    pager = Pager()
    teller = world.teller(pager, keep=10, at_once=1)
    await all_steps(teller)
    pager.fails = Away
    for n in range(25):
        await world.raise_alerts(n)
        with pytest.raises(Away):
            await teller.step()
        await teller.failed("gone")
    cursor = world.cursor()
    assert (cursor.dropped, cursor.waiting, cursor.position) == (15, 10, 15)
    pager.fails = None
    await all_steps(world.teller(pager, keep=10, at_once=1))
    world.now += 3600
    await all_steps(world.teller(pager, keep=10, at_once=1))
    assert [one.dropped for one in pager.told] == [15, 0]
    assert pager.each() == [f"alert_{n}" for n in range(15, 25)]
    await world.raise_alerts(30)
    world.now += 3600
    await all_steps(world.teller(pager, keep=10, at_once=1))
    assert pager.told[-1].dropped == 0
    assert world.cursor().dropped == 15


async def test_a_message_that_is_refused_as_it_is_holds_up_no_other(world: World) -> None:
    pager = Pager()
    teller = world.teller(pager, attempts=2)
    await all_steps(teller)
    await world.raise_alerts(1, 2)
    pager.fails = Unwanted
    with pytest.raises(Unwanted):
        await teller.step()
    await teller.failed("answered 400")
    assert await teller.step()
    assert world.cursor().given_up == 1
    pager.fails = None
    await all_steps(teller)
    assert pager.alerts() == [["alert_2"]]


async def test_another_stream_is_begun_at_its_start(world: World) -> None:
    world.cursors.write("phone", Cursor(position=99, telling=99))
    await world.raise_alerts(1)
    pager = Pager()
    await all_steps(world.teller(pager))
    assert pager.alerts() == [["alert_1"]]


async def test_a_clock_that_is_set_back_silences_nobody_for_long(world: World) -> None:
    pager = Pager()
    teller = world.teller(pager, at_once=2, most_per_hour=60)
    await all_steps(teller)
    await world.raise_alerts(1, 2, 3)
    await all_steps(teller)
    world.now -= 86_400
    await world.raise_alerts(4)
    world.now += 121
    await all_steps(teller)
    assert pager.each() == ["alert_1", "alert_2", "alert_3", "alert_4"]


async def test_a_cursor_that_cannot_be_read_tells_nobody(world: World, tmp_path: Path) -> None:
    await world.raise_alerts(1)
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "phone.json").write_text("?")
    pager = Pager()
    with pytest.raises(Unavailable):
        await world.teller(pager).step()
    assert pager.tried == []


async def test_it_runs_until_told_to_stop(world: World) -> None:
    pager, stop = Pager(), asyncio.Event()
    task = asyncio.create_task(world.teller(pager).run(stop))
    async with asyncio.timeout(30):
        while world.cursors.read("phone") is None:
            await asyncio.sleep(0.01)
        await world.raise_alerts(1)
        while not pager.told:
            await asyncio.sleep(0.01)
    stop.set()
    await task
    assert pager.closed == 1
