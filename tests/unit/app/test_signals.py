import asyncio

import pytest

from ringfence.app import signals
from ringfence.app.signals import NAME, feed_once, feed_signals
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
    records = Records()

    @staticmethod
    def clock() -> Instant:
        return Instant(5.0)


class Server:
    ports = Ports


@pytest.fixture
def cursors(tmp_path) -> Cursors:
    return Cursors(tmp_path / "signals")


async def test_how_far_it_got_is_kept(cursors):
    assert await feed_once(Server, Events(7), cursors)
    assert (cursors.read(NAME).position, cursors.read(NAME).at) == (7, 5.0)
    assert not await feed_once(Server, Events(7), cursors)
    assert await feed_once(Server, Events(9), cursors)


async def test_an_installation_without_events_begins_at_the_start(cursors):
    assert await feed_once(Server, Events(0), cursors)
    assert cursors.read(NAME).position == 0


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
    task = asyncio.create_task(feed_signals(lambda: Server, Events(3), cursors, every=0.001))
    async with asyncio.timeout(30):
        await done.wait()
    task.cancel()
    assert seen[:4] == [None, None, None, 3]
