import asyncio

import pytest

from ringfence.app import signals
from ringfence.app.signals import AT_ONCE, NAME, Feeding, feed_signals
from ringfence.clock import Instant
from ringfence.store.cursors import Cursors
from ringfence.store.interface import Unavailable


class Events:
    def __init__(self, last: int) -> None:
        self.newest = last

    async def last(self) -> int:
        return self.newest

    async def read(self, after, limit):
        return []


class Records:
    async def has_signal_streams(self) -> bool:
        return False


class Ports:
    def __init__(self) -> None:
        self.records, self.now = Records(), 5.0

    def clock(self) -> Instant:
        return Instant(self.now)


class Server:
    def __init__(self) -> None:
        self.ports = Ports()


@pytest.fixture
def cursors(tmp_path) -> Cursors:
    return Cursors(tmp_path / "signals")


async def test_how_far_it_got_is_kept_now_and_then(cursors):
    server = Server()
    feeding = Feeding(cursors)
    for last, now, kept in ((7, 10, 7), (8, 11, 7), (8, 15, 8), (8, 99, 8), (9, 99, 9)):
        server.ports.now = now
        assert not await feeding.go_on(server, Events(last))
        assert (feeding.position, cursors.read(NAME).position) == (last, kept)
    assert Feeding(cursors).position == 9


async def test_an_installation_without_events_begins_at_the_start(cursors):
    feeding = Feeding(cursors)
    assert not await feeding.go_on(Server(), Events(0))
    assert cursors.read(NAME).position == 0


async def test_a_backlog_is_taken_without_a_pause_and_single_events_with_one(cursors, monkeypatch):
    async def some(server, events, after):
        return (after or 0) + events.newest

    monkeypatch.setattr(signals, "feed", some)
    feeding, server = Feeding(cursors), Server()
    assert not await feeding.go_on(server, Events(AT_ONCE))  # where it begins
    assert await feeding.go_on(server, Events(AT_ONCE))
    assert not await feeding.go_on(server, Events(1))


async def test_what_fails_is_tried_again_from_the_same_place(cursors, monkeypatch):
    seen, done = [], asyncio.Event()

    async def failing(server, events, after):
        seen.append(after)
        if len(seen) == 1:
            raise Unavailable("gone")
        if len(seen) == 2:
            raise ValueError("broken")
        if len(seen) == 4:
            done.set()
        return 3

    monkeypatch.setattr(signals, "feed", failing)
    task = asyncio.create_task(feed_signals(Server, Events(3), cursors, every=0.001))
    async with asyncio.timeout(30):
        await done.wait()
    task.cancel()
    assert seen[:4] == [None, None, None, 3]
