"""Calls at once: their places come back however they end, and streamed answers count until their end."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from calls import NOW, limits
from world import World

from ringfence.clock import Instant
from ringfence.gateway.ports import NotSent
from ringfence.message import Response
from ringfence.policy.limits_model import InFlight, Limit
from ringfence.problem import Reason
from ringfence.store.interface import Admission, Lease

AT_ONCE = Limit(per="client", in_flight=InFlight(calls=2, lease_seconds=60))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, demands={"limits": limits(once=AT_ONCE)})


async def free(world: World) -> int:
    asked = Admission(leases=(Lease(b"once|client_a", 3, Instant(world.now + 60)),))
    return (await world.state.look(asked, world.now)).standings[0].left


async def test_of_fifty_at_once_exactly_so_many_get_through(world: World) -> None:
    world.upstream.seconds = 0.2
    answers = await asyncio.gather(*(world.call(world.request()) for _ in range(50)))
    assert sorted(answer.status for answer in answers) == [200] * 2 + [429] * 48
    assert {event.reason for event in world.recorder.events} == {"", "calls-in-flight"}
    over = dict(next(answer for answer in answers if answer.status == 429).headers)
    assert over["retry-after"] == "1"
    assert over["ratelimit-policy"] == '"once";q=2;qu="concurrent-requests"'
    assert over["ratelimit"] == '"once";r=0;t=1'
    assert await free(world) == 2


async def test_places_come_back_however_a_call_ends(world: World) -> None:
    for outcome in (NotSent(Reason.UPSTREAM_UNREACHABLE), Response(500, (), b""), Response(404, (), b"")):
        world.upstream.answer = outcome
        for _ in range(4):
            assert (await world.call(world.request())).status != 429
    for _ in range(4):
        assert (await world.call(world.request(query="unknown=1"))).status == 400
    world.upstream.seconds = 30
    for _ in range(4):
        leaving = asyncio.create_task(world.call(world.request()))
        sent = len(world.upstream.sent)
        while len(world.upstream.sent) == sent:
            await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
    assert await free(world) == 2


async def stream(pieces: int) -> AsyncIterator[bytes]:
    for _ in range(pieces):
        yield b"x"


async def test_a_streamed_answer_counts_to_its_end(world: World) -> None:
    world.upstream.answer = Response(200, (("content-type", "text/plain"),), stream(3))
    first = await world.call(world.request())
    assert await free(world) == 1
    assert isinstance(first.body, AsyncIterator)
    for seconds in (0, 40, 80):
        world.now = Instant(NOW + seconds)
        assert await anext(first.body) == b"x"
        assert await free(world) == 1, "it goes on counting beyond its first lease"
    with pytest.raises(StopAsyncIteration):
        await anext(first.body)
    assert await free(world) == 2


async def test_an_answer_that_took_long_to_come_goes_on_counting_for_whole_leases(world: World) -> None:
    send = world.upstream.send

    async def slow(*given: Any) -> Response:
        world.now = Instant(NOW + 59.9)
        return await send(*given)

    world.upstream.send = slow  # type: ignore[method-assign]  # of one upstream
    world.upstream.answer = Response(200, (("content-type", "text/plain"),), stream(3))
    first = await world.call(world.request())
    assert isinstance(first.body, AsyncIterator)
    assert await anext(first.body) == b"x"
    world.now = Instant(NOW + 100)
    assert await free(world) == 1
    await first.body.aclose()  # type: ignore[attr-defined]  # what the ways in do
    assert await free(world) == 2


async def test_a_streamed_answer_that_nobody_reads_gives_its_place_back(world: World) -> None:
    world.upstream.answer = Response(200, (("content-type", "text/plain"),), stream(3))
    answer = await world.call(world.request())
    await answer.body.aclose()  # type: ignore[union-attr]  # what the ways in do
    assert await free(world) == 2


async def test_a_call_whose_worker_died_counts_no_longer_than_its_lease(world: World) -> None:
    for _ in range(2):
        await world.state.admit(Admission(leases=(Lease(b"once|client_a", 2, Instant(NOW + 60)),)), NOW)
    assert (await world.call(world.request())).status == 429
    world.now = Instant(NOW + 60.1)
    assert (await world.call(world.request())).status == 200
