"""The step of the chain: who gets a place, what a refusal takes and leaves, and by which time it is decided."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from calls import NOW, json_body, limits, operation, request
from world import PAYMENT, World, pay, paying, told

from ringfence.clock import Instant
from ringfence.gateway.line import Priority
from ringfence.gateway.overload import Lines, last_moment, priority
from ringfence.message import Request, Response
from ringfence.policy.linking_model import Link, LinkMembers
from ringfence.policy.model import Limit, Upstream
from ringfence.policy.overload_model import Overload
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Unavailable

LINK = Link(type="payment", members=LinkMembers(amount="/amount", currency="/currency", payee="/payee"))


def upstream(**overload: object) -> Upstream:
    return Upstream(url="http://127.0.0.1:9", overload=msgspec.convert(overload, Overload))


NARROW = {"begin": 1, "least": 1, "waiting": 1}
"""One call at once, and one may wait; a limit learns nothing from so few calls."""


async def until(fits: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not fits():
            await asyncio.sleep(0.001)


class Held:
    """An upstream that answers when it is let go."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.gate = asyncio.Event()
        self.came = 0
        self.send = world.upstream.send
        world.upstream.send = self.wait  # type: ignore[method-assign]

    async def wait(self, *args: object) -> Response:
        self.came += 1
        await self.gate.wait()
        return await self.send(*args)  # type: ignore[arg-type]

    async def under_way(self, call: Awaitable[Response], in_flight: int, waiting: int) -> asyncio.Task[Response]:
        """Begin a call, and return when it is where it should be."""
        task = asyncio.ensure_future(call)
        await until(lambda: self.stands() == (in_flight, waiting))
        return task

    def stands(self) -> tuple[int, int]:
        (pressure,) = self.world.gateway.pressure() or (None,)
        return (pressure.in_flight, pressure.waiting) if pressure else (0, 0)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(
        tmp_path,
        upstream=upstream(**NARROW),
        demands={"limits": limits(few=Limit(per="client", rate_per_second=0.001, burst=3))},
    )


async def test_a_call_that_would_be_turned_away_takes_nothing_and_can_be_sent_again_as_it_is(world: World) -> None:
    held, req = Held(world), world.request()
    running = [await held.under_way(world.call(world.request()), *stands) for stands in ((1, 0), (1, 1))]

    async def read(_limit: int) -> bytes:
        raise AssertionError("read")

    response = await world.gateway(req, read)
    assert (response.status, told(response)) == (503, "overloaded")
    assert dict(response.headers)["retry-after"] == "2"
    event = world.recorder.events[-1]
    assert (event.reason, event.priority) == ("overloaded", "read")
    assert event.private == "read: no room to wait; 1 of 1 under way, 1 waiting"
    held.gate.set()
    assert [task.status for task in await asyncio.gather(*running)] == [200, 200]
    assert (await world.call(req)).status == 200  # neither its proof nor a place in its bucket of three is gone


async def test_a_call_that_waits_goes_out_when_its_turn_comes_and_the_event_says_so(world: World) -> None:
    held = Held(world)
    first = await held.under_way(world.call(world.request()), 1, 0)
    second = await held.under_way(world.call(world.request()), 1, 1)
    held.gate.set()
    assert {(await first).status, (await second).status} == {200}
    assert [bool(event.queued_micros) for event in world.recorder.events] == [False, True]
    assert held.stands() == (0, 0)


async def test_a_call_that_waited_too_long_is_not_sent(tmp_path: Path) -> None:
    world = World(tmp_path, upstream=upstream(**NARROW, wait_seconds=0.01))
    held = Held(world)
    first = await held.under_way(world.call(world.request()), 1, 0)
    response = await world.call(world.request())
    assert (response.status, told(response)) == (503, "overloaded")
    assert world.recorder.events[-1].private.startswith("read: waited too long")
    held.gate.set()
    await first
    assert len(world.upstream.sent) == 1
    assert held.stands() == (0, 0)


async def test_who_hangs_up_while_waiting_is_not_sent_and_holds_no_place(world: World) -> None:
    held = Held(world)
    first = await held.under_way(world.call(world.request()), 1, 0)
    second = await held.under_way(world.call(world.request()), 1, 1)
    second.cancel()
    await asyncio.wait({second})
    assert held.stands() == (1, 0)
    held.gate.set()
    await first
    assert len(world.upstream.sent) == 1
    assert [event.reason for event in world.recorder.events] == ["caller-gone", ""]


async def test_who_hangs_up_while_the_upstream_works_makes_room(world: World) -> None:
    held = Held(world)
    first = await held.under_way(world.call(world.request()), 1, 0)
    first.cancel()
    await asyncio.wait({first})
    assert held.stands() == (0, 0)


async def test_a_token_that_ran_out_while_its_call_waited_is_refused(world: World) -> None:
    held = Held(world)
    first = await held.under_way(world.call(world.request()), 1, 0)
    second = await held.under_way(world.call(world.request()), 1, 1)
    world.now = Instant(NOW + 300)
    held.gate.set()
    await first
    assert told(await second) == "token-expired"
    assert len(world.upstream.sent) == 1
    assert held.stands() == (0, 0)


async def test_a_shed_payment_has_taken_neither_its_key_nor_what_a_rule_counts(tmp_path: Path) -> None:
    world = paying(tmp_path, {"name": "two", "calls": {"per": ["client"], "at_most": 2, "window": "day"}})
    (op,) = world.gateway._rules.table.operations
    narrow = msgspec.structs.replace(op, upstream=upstream(**NARROW, wait_seconds=0.01))
    world.gateway._rules.table.operations = (narrow,)  # type: ignore[misc]
    held = Held(world)
    blocked = await held.under_way(pay(world, key="a"), 1, 0)
    assert told(await pay(world, key="b")) == "overloaded"
    held.gate.set()
    assert (await blocked).status == 200
    assert (await pay(world, key="b")).status == 200
    assert told(await pay(world, key="c")) == "calls-exceeded"


async def test_whatever_ends_a_call_gives_its_place_back(world: World) -> None:
    for failure in (
        Refused(Reason.UPSTREAM_TIMEOUT),
        Refused(Reason.UPSTREAM_BUSY),
        ValueError("odd"),
        Unavailable("x"),
    ):
        world.upstream.answer = failure
        await world.call(world.request(token=world.caller.token(NOW, client_id=f"c{failure!r}"[:20])))
        assert [(p.in_flight, p.waiting) for p in world.gateway.pressure()] == [(0, 0)]


async def test_off_is_off(tmp_path: Path) -> None:
    world = World(tmp_path, upstream=upstream(**NARROW, limit="off"))
    held = Held(world)
    tasks = [asyncio.create_task(world.call(world.request())) for _ in range(20)]
    await until(lambda: held.came == 20)
    held.gate.set()
    assert [response.status for response in await asyncio.gather(*tasks)] == [200] * 20
    assert world.gateway.pressure() == ()
    assert world.recorder.events[-1].priority == ""


async def test_a_caller_who_says_how_long_it_waits_is_not_sent_after_that(world: World) -> None:
    async def slow(_limit: int) -> bytes:
        await asyncio.sleep(1.01)
        return b""

    response = await world.gateway(world.request(headers=(("prefer", "wait=1"),)), slow)
    assert (response.status, told(response)) == (503, "overloaded")
    assert not world.upstream.sent


async def test_a_token_that_expires_while_the_body_comes_is_not_sent(world: World) -> None:
    async def slow(_limit: int) -> bytes:
        world.now = Instant(NOW + 301)
        return b""

    response = await world.gateway(world.request(), slow)
    assert (response.status, told(response)) == (401, "token-expired")
    assert not world.upstream.sent


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        (["wait=10"], 10),
        (["respond-async, wait=10"], 10),
        (["return=minimal", 'Wait = "7"; x=1'], 7),
        (["wait=0"], None),
        (["wait=-1"], None),
        (["wait=1e9"], None),
        (["wait=99999999999"], None),
        (["await=5"], None),
        ([], None),
    ],
)
def test_prefer(values: list[str], seconds: int | None) -> None:
    asked = request(headers=tuple(("prefer", value) for value in values))
    assert last_moment(asked, 5.0) == (float("inf") if seconds is None else 5.0 + seconds)


@pytest.mark.parametrize(
    ("more", "client", "worth"),
    [
        ({}, "c", Priority.READ),
        ({"method": "HEAD"}, "c", Priority.READ),
        ({"method": "POST"}, "c", Priority.WRITE),
        ({"method": "DELETE"}, "c", Priority.WRITE),
        ({"method": "POST", "demands": {"link": LINK}}, "c", Priority.PAYMENT),
        ({"method": "POST", "demands": {"priority": "payment"}}, "c", Priority.PAYMENT),
        ({"method": "POST", "demands": {"priority": "test", "link": LINK}}, "c", Priority.TEST),
        ({"method": "POST", "demands": {"priority": "payment"}, "upstream": upstream(test_clients=["c"])}, "c", Priority.TEST),
        ({"upstream": upstream(test_clients=["c"])}, "d", Priority.READ),
    ],
)  # fmt: skip
def test_what_a_call_is_worth(more: dict[str, object], client: str, worth: Priority) -> None:
    assert priority(operation(**more), client) is worth


def test_lines_outlive_a_policy_and_not_an_upstream() -> None:
    lines = Lines()
    line = lines.to(operation())
    assert line is not None
    assert lines.to(operation(upstream=upstream(begin=2, waiting=5))) is line
    assert line.settings.waiting == 5
    assert lines.to(operation(upstream=Upstream(url="http://127.0.0.1:10"))) is not line
    assert lines.to(operation(upstream_name="bank/v2")) is not line
    assert [one.upstream for one in lines.pressure()] == ["bank/v1", "bank/v2"]
    lines.keep({"bank/v2"})
    assert [one.upstream for one in lines.pressure()] == ["bank/v2"]


async def test_a_hundred_calls_at_once_never_exceed_the_limit(tmp_path: Path) -> None:
    world = World(tmp_path, upstream=upstream(begin=5, least=5, waiting=20))
    under_way, most, send = 0, 0, world.upstream.send

    async def counted(*args: object) -> Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            await asyncio.sleep(0.001)
            return await send(*args)  # type: ignore[arg-type]
        finally:
            under_way -= 1

    world.upstream.send = counted  # type: ignore[method-assign]
    responses = await asyncio.gather(*(world.call(world.request()) for _ in range(100)))
    assert sorted({response.status for response in responses}) == [200, 503]
    assert most <= 10  # the limit may have doubled once
    assert len(world.upstream.sent) == sum(response.status == 200 for response in responses)


def held() -> list[object]:
    return [one for one in gc.get_objects() if isinstance(one, Refused | Request)]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b'{"a', 400), (b'{"x":1}', 400), (b'{"a":1,"a":2}', 400), (b"[" * 50 + b"]" * 50, 400), (b"x" * 100_000, 413)],
)
async def test_bodies_that_are_made_to_be_refused_do_not_fill_the_memory(
    tmp_path: Path, body: bytes, status: int
) -> None:
    world = World(tmp_path, method="POST", bodies=json_body(PAYMENT))
    known = {id(one) for one in held()}
    asked = world.request("POST", headers=(("content-type", "application/json"),))
    gc.collect()
    gc.disable()
    try:
        assert (await world.call(asked, body)).status == status
        del asked
        assert [one for one in held() if id(one) not in known] == []
    finally:
        gc.enable()
