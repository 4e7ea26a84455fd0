import asyncio

import pytest

from ringfence.app import pushing
from ringfence.app.pushing import AT_ONCE, Pushing, push_signals
from ringfence.clock import Instant
from ringfence.ids import system_random
from ringfence.store.interface import Unavailable
from ringfence.store.push_model import SignalPush


class Records:
    def __init__(self, due: int) -> None:
        self.due, self.failing = due, 0

    async def claim_pushes(self, pusher, now, until, limit):
        if self.failing:
            self.failing -= 1
            raise Unavailable("gone")
        taken = min(limit, self.due)
        self.due -= taken
        return [SignalPush(stream_id=f"s{n}", client_id="c", endpoint_url="", pusher=pusher) for n in range(taken)]


class Server:
    def __init__(self, due: int) -> None:
        self.ports = self
        self.records, self.random = Records(due), system_random

    def clock(self) -> Instant:
        return Instant(5.0)


class Streams:
    """What stands for pushing a stream: it waits until it is let go on."""

    def __init__(self) -> None:
        self.begun: list[SignalPush] = []
        self.go_on = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, push, server, way) -> int:
        self.begun.append(push)
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        return 0


@pytest.fixture
def streams(monkeypatch) -> Streams:
    made = Streams()
    monkeypatch.setattr(pushing, "push_stream", made)
    return made


async def test_streams_are_begun_as_there_is_room_and_none_waits_for_another(streams) -> None:
    server = Server(AT_ONCE + 3)
    pushes = Pushing(lambda: server, None)
    assert await pushes.begin_due() == AT_ONCE
    assert await pushes.begin_due() == 0
    streams.go_on.set()
    await pushes.settled()
    assert await pushes.begin_due() == 3
    await pushes.settled()
    assert len(streams.begun) == AT_ONCE + 3
    assert len({push.pusher for push in streams.begun}) == 2  # each round has a name of its own


@pytest.mark.parametrize("error", [Unavailable("gone"), ValueError("broken")])
async def test_a_stream_that_fails_keeps_no_place(streams, error) -> None:
    server = Server(1)
    pushes = Pushing(lambda: server, None)
    streams.error = error
    streams.go_on.set()
    assert await pushes.begin_due() == 1
    await pushes.settled()
    server.records.due = AT_ONCE
    assert await pushes.begin_due() == AT_ONCE
    await pushes.end()


async def test_it_goes_on_after_an_outage_and_ends_with_what_it_began(streams) -> None:
    server = Server(1)
    server.records.failing = 2
    task = asyncio.create_task(push_signals(lambda: server, None, every=0.001))
    async with asyncio.timeout(30):
        while not streams.begun:
            await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("push ")]
