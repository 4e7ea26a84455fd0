import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from caller import Caller
from calls import NOW, json_body, limits, request, validator
from world import HEADER, PAYMENT, OnlyA, World, pay, paying, told

from ringfence.clock import Instant
from ringfence.gateway.ports import NotSent
from ringfence.message import Response
from ringfence.policy.free_text import everything
from ringfence.policy.limits_model import Limit
from ringfence.policy.linking_model import Link, LinkMembers
from ringfence.policy.operations import Content, DeclaredResponse
from ringfence.policy.responses_model import Responses
from ringfence.policy.screening_model import Screening
from ringfence.problem import Reason, Refused
from ringfence.store.blocks import client_block, grant_block, token_block, user_block
from ringfence.store.interface import Unavailable


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_a_good_call_reaches_the_upstream_without_its_credentials(world: World) -> None:
    response = await world.call(world.request(headers=(("x-fapi-interaction-id", "f"), ("cookie", "a=b"))))
    assert response.status == 200
    ((method, target, headers, body),) = world.upstream.sent
    assert (method, target, body) == ("GET", "/a", b"")
    names = dict(headers)
    assert not {"authorization", "dpop", "cookie"} & names.keys()
    assert names["x-ringfence-user"] == "user_a"
    assert names["x-ringfence-scopes"] == "accounts"
    assert names["traceparent"].startswith("00-")
    event = world.recorder.events[-1]
    assert (event.allowed, event.status, event.client, event.operation) == (True, 200, "client_a", "GetA")


async def test_a_proof_serves_once_under_fifty_parallel_calls(world: World) -> None:
    req = world.request()
    responses = await asyncio.gather(*(world.call(req) for _ in range(50)))
    assert sorted(r.status for r in responses) == [200] + [401] * 49
    assert len(world.upstream.sent) == 1


@pytest.mark.parametrize(
    "block", [token_block("j1"), grant_block("grant_a"), client_block("client_a"), user_block("user_a")]
)
async def test_a_block_ends_access_on_the_next_call(world: World, block: bytes) -> None:
    assert (await world.call(world.request())).status == 200
    await world.state.block([block], Instant(NOW + 300), NOW)
    reason, response = await world.refused(world.request())
    assert (reason, response.status) == ("token-revoked", 401)


async def test_a_remembered_token_still_expires(world: World) -> None:
    token = world.caller.token(NOW)
    assert (await world.call(world.request(token=token))).status == 200
    world.now = Instant(NOW + 300)
    assert (await world.refused(world.request(token=token)))[0] == "token-expired"


async def test_no_token_gets_a_challenge_without_an_error_code(world: World) -> None:
    reason, response = await world.refused(request())
    assert reason == "token-missing"
    assert dict(response.headers)["www-authenticate"] == 'DPoP algs="ES256"'


async def test_another_host_is_misdirected(world: World) -> None:
    req = msgspec.structs.replace(world.request(), authority="evil.example")
    reason, response = await world.refused(req)
    assert (reason, response.status) == ("unknown-host", 421)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"scope": "payments"}, "scope-missing"),
        ({"sub": "client_a"}, "user-required"),
        ({"iss": "https://other.example"}, "token-issuer"),
        ({"aud": "https://other.example"}, "token-audience"),
        ({"exp": int(NOW) - 1}, "token-expired"),
        ({"cnf": {}}, "token-not-bound"),
        ({"cnf": {"x5t#S256": "x" * 43}}, "scheme-mismatch"),
    ],
)
async def test_each_bad_token_for_its_own_reason(world: World, change: dict[str, Any], reason: str) -> None:
    token = world.caller.token(NOW, **change)
    assert (await world.refused(world.request(token=token)))[0] == reason


async def test_each_bad_proof_for_its_own_reason(world: World) -> None:
    token, caller, url = world.caller.token(NOW), world.caller, "https://api.example/a"
    other = Caller().key
    cases = {
        "proof-missing": None,
        "proof-method": caller.proof(NOW, "POST", url, token),
        "proof-url": caller.proof(NOW, "GET", "https://evil.example/a", token),
        "proof-stale": caller.proof(NOW - 3600, "GET", url, token),
        "proof-token-hash": caller.proof(NOW, "GET", url, token + "x"),
        "proof-key": caller.proof(NOW, "GET", url, token, key=other),
    }
    for reason, proof in cases.items():
        req = world.request(token=token, proof=proof or "")
        if proof is None:
            req = msgspec.structs.replace(req, headers=req.headers[:1])
        assert (await world.refused(req))[0] == reason


async def test_two_proofs_are_refused(world: World) -> None:
    token = world.caller.token(NOW)
    second = world.caller.proof(NOW, "GET", "https://api.example/a", token)
    req = world.request(token=token, headers=(("dpop", second),))
    assert (await world.refused(req))[0] in {"proof-malformed", "ambiguous-header"}


@pytest.mark.parametrize("query", ["access_token=abc", "a=1&access%5Ftoken=abc"])
async def test_a_token_in_the_query_is_refused(world: World, query: str) -> None:
    req = msgspec.structs.replace(world.request(), query=query)
    assert (await world.refused(req))[0] == "token-in-query"


async def test_the_body_is_not_read_for_a_caller_who_may_not_send_it(world: World) -> None:
    async def read(_limit: int) -> bytes:
        raise AssertionError("read")

    assert (await world.gateway(request("POST"), read)).status == 401


async def test_a_burst_beyond_the_limit_is_refused_and_costs_nothing(tmp_path: Path) -> None:
    rule = Limit(per="client", rate_per_second=1.0, burst=3)
    world = World(tmp_path, demands={"limits": limits(slow=rule)})
    statuses = [(await world.call(world.request())).status for _ in range(8)]
    assert statuses == [200] * 4 + [429] * 4
    _, response = await world.refused(world.request())
    assert int(dict(response.headers)["retry-after"]) >= 1
    world.now = Instant(NOW + 1.01)
    assert (await world.call(world.request())).status == 200


async def test_bodies_are_checked_and_passed_on_as_they_came(tmp_path: Path) -> None:
    world = World(
        tmp_path, method="POST", bodies=json_body(PAYMENT), body_required=True, demands={"max_body_bytes": 64}
    )
    json = (("content-type", "application/json"),)
    raw = b'{ "amount" : "1.00" }'
    assert (await world.call(world.request("POST", headers=json), raw)).status == 200
    assert world.upstream.sent[-1][3] == raw
    assert (await world.refused(world.request("POST", headers=json), b'{"x":1}'))[0] == "body-invalid"
    assert (await world.refused(world.request("POST", headers=json), b'{"amount":"' + b"1" * 64 + b'"}'))[
        0
    ] == "body-too-large"


@pytest.mark.parametrize("mode", ["enforce", "shadow"])
async def test_an_attack_in_free_text_is_refused_or_only_recorded(tmp_path: Path, mode: Any) -> None:
    bodies = {"application/json": msgspec.structs.replace(json_body(PAYMENT)["application/json"], texts=everything())}
    world = World(tmp_path, method="POST", bodies=bodies, screening=Screening(mode=mode))
    request = world.request("POST", headers=(("content-type", "application/json"),))
    response = await world.call(request, b"{\"amount\": \"1' or '1'='1\"}")
    event = world.recorder.events[-1]
    if mode == "enforce":
        assert (response.status, event.reason) == (400, "suspicious-text")
        assert event.private == "/amount=sql"
        assert not world.upstream.sent
    else:
        assert (response.status, event.suspicious) == (200, ("/amount=sql",))
        assert len(world.upstream.sent) == 1


async def test_no_call_without_a_record(world: World) -> None:
    world.recorder.gone = True
    assert (await world.refused(world.request()))[0] == "unavailable"


async def test_no_call_without_the_shared_state(world: World) -> None:
    world.state.close()
    reason, response = await world.refused(world.request())
    assert (reason, response.status) == ("unavailable", 503)


@pytest.mark.parametrize(
    ("status", "seen", "reason"),
    [(500, 502, "upstream-failed"), (503, 503, "upstream-busy"), (599, 502, "upstream-failed")],
)
async def test_upstream_failures_are_hidden(world: World, status: int, seen: int, reason: str) -> None:
    world.upstream.answer = Response(status, (("x-debug", "trace"),), b"stack trace of java.lang")
    response = await world.call(world.request())
    assert response.status == seen
    assert b"java" not in response.body
    assert "x-debug" not in dict(response.headers)
    assert world.recorder.events[-1].reason == reason


async def test_a_hidden_stream_is_let_go(world: World) -> None:
    closed: list[bool] = []

    async def pieces() -> AsyncIterator[bytes]:
        try:
            yield b"secret"
        finally:
            closed.append(True)

    stream = pieces()
    await anext(stream)
    world.upstream.answer = Response(500, (), stream)
    assert (await world.call(world.request())).status == 502
    assert closed == [True]


async def test_what_goes_wrong_inside_says_nothing_outside(world: World) -> None:
    world.upstream.answer = ZeroDivisionError("secret detail")
    response = await world.call(world.request())
    assert response.status == 500
    assert b"secret" not in response.body
    assert world.recorder.events[-1].reason == "internal"


async def test_what_the_way_in_turned_away_is_recorded(world: World) -> None:
    response = world.gateway.turned_away(request(path="/x" * 500), Refused(Reason.UNSAFE_PATH))
    assert response.status == 400
    assert world.recorder.events[-1].reason == "unsafe-path"
    assert len(world.recorder.events[-1].path) == 256


async def test_a_caller_who_leaves_is_recorded(world: World) -> None:
    asked = asyncio.Event()

    async def never(*_: Any) -> Response:
        asked.set()
        await asyncio.sleep(60)
        raise AssertionError

    world.upstream.send = never  # type: ignore[method-assign]
    call = asyncio.create_task(world.call(world.request()))
    await asked.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    (event,) = world.recorder.events
    assert (event.allowed, event.status, event.reason) == (False, 499, Reason.CALLER_GONE.value)
    assert event.client


async def test_the_event_says_what_was_taken_out_of_an_answer(tmp_path: Path) -> None:
    rules = Responses()
    shape = Content(validator({"type": "object"}), OnlyA())
    world = World(tmp_path, responses={"200": DeclaredResponse({"application/json": shape})}, response_rules=rules)
    world.upstream.answer = Response(200, (("content-type", "application/json"),), b'{"a":1,"internal":"secret"}')
    req = world.request(headers=(("accept-encoding", "gzip"), ("range", "bytes=0-1")))
    response = await world.call(req)
    assert response.body == b'{"a":1}'
    event = world.recorder.events[-1]
    assert (event.stripped, event.differs) == (("/internal",), ())
    assert not {"accept-encoding", "range"} & {name for name, _ in world.upstream.sent[0][2]}
    world.upstream.answer = Response(299, (), b"")
    assert (await world.call(world.request())).status == 299
    assert world.recorder.events[-1].differs == ("status 299",)
    world.upstream.answer = Response(200, (("content-type", "application/json"),), b"<html>")
    refused = await world.call(world.request())
    assert refused.status == 502
    assert b"html" not in refused.body
    assert world.recorder.events[-1].reason == "upstream-undeclared"


async def test_an_operation_that_demands_a_signature_is_refused_without_published_keys(tmp_path: Path) -> None:
    world = World(tmp_path, demands={"signature_required": True})
    reason, response = await world.refused(world.request())
    assert (reason, response.status) == ("unavailable", 503)


async def test_of_fifty_calls_with_one_key_exactly_one_reaches_the_upstream(tmp_path: Path) -> None:
    world = paying(tmp_path)
    world.upstream.seconds = 0.3
    responses = await asyncio.gather(*(pay(world, "k1") for _ in range(50)))
    assert sorted(r.status for r in responses) == [200] + [409] * 49
    assert {told(r) for r in responses if r.status == 409} == {"idempotency-under-way"}
    assert len(world.upstream.sent) == 1
    again = await pay(world, "k1")
    assert (again.status, dict(again.headers)["idempotent-replayed"]) == (200, "true")
    assert world.recorder.events[-1].replayed
    assert len(world.upstream.sent) == 1


async def test_a_replayed_answer_counts_for_nothing(tmp_path: Path) -> None:
    world = paying(tmp_path, {"name": "one", "calls": {"per": ["client"], "at_most": 1}})
    for _ in range(3):
        assert (await pay(world, "k1")).status == 200
    refused = await pay(world, "k2")
    assert (refused.status, told(refused)) == (429, "calls-exceeded")
    assert "rule one" in msgspec.json.decode(refused.body)["detail"]
    world.now = Instant(NOW + 86_400)
    assert (await pay(world, "k2")).status == 200, "what was refused before it went out did not use the key up"


async def test_a_payment_on_a_consent_is_repeated_to_who_asks_again_and_refused_to_who_pays_again(
    tmp_path: Path,
) -> None:
    world = paying(tmp_path, {"name": "one", "calls": {"per": ["client"], "at_most": 5}})
    table = world.gateway._rules.table
    link = Link(type="payment", members=LinkMembers(amount="/amount", currency="/currency", payee="/payee"))
    demands = msgspec.structs.replace(table.operations[0].demands, link=link)
    bodies = json_body({"type": "object"})
    table.operations = (msgspec.structs.replace(table.operations[0], demands=demands, bodies=bodies),)  # type: ignore[misc]
    payment = {"amount": "1.00", "currency": "GBP", "payee": "x"}
    claims = {"consent_id": "consent_1", "authorization_details": [{"type": "payment", **payment}]}

    async def pay_it(key: str) -> Response:
        headers = (("content-type", "application/json"), ("idempotency-key", key))
        asked = world.request("POST", headers=headers, token=world.caller.token(world.now, **claims))
        asked = msgspec.structs.replace(asked, correlation=f"call-{id(asked)}")
        return await world.call(asked, msgspec.json.encode(payment))

    first, again, other = await pay_it("k1"), await pay_it("k1"), await pay_it("k2")
    assert (first.status, again.status, dict(again.headers)["idempotent-replayed"]) == (200, 200, "true")
    assert (other.status, told(other)) == (403, "consent-used")
    assert len(world.upstream.sent) == 1
    assert told(await pay_it("k2")) == "consent-used", "what was refused before it went out left its key free"


async def test_another_call_or_another_customer_does_not_get_the_answer(tmp_path: Path) -> None:
    world = paying(tmp_path)
    world.upstream.answer = Response(200, (("content-type", "application/json"),), b'{"of":"user_a"}')
    await pay(world, "k1")
    for response in (
        await pay(world, "k1", amount="2.00"),
        await pay(world, "k1", sub="user_b"),
        await pay(world, "k1", grant_id="grant_b"),
    ):
        assert (response.status, told(response)) == (422, "idempotency-mismatch")
        assert b"user_a" not in response.body
    assert len(world.upstream.sent) == 1
    assert (await pay(world, "k1", client_id="client_b")).status == 200
    assert len(world.upstream.sent) == 2


async def test_nothing_sent_gives_back_the_sum_and_the_key(tmp_path: Path) -> None:
    world = paying(tmp_path, {"name": "one", "calls": {"per": ["client"], "at_most": 1}})
    answer, world.upstream.answer = world.upstream.answer, NotSent(Reason.UPSTREAM_UNREACHABLE)
    for _ in range(3):
        assert (await pay(world, "k1")).status == 502
    world.upstream.answer = answer
    response = await pay(world, "k1")
    assert response.status == 200
    assert "idempotent-replayed" not in dict(response.headers)
    assert (await pay(world, "k2")).status == 429


@pytest.mark.parametrize(
    "outcome",
    [Refused(Reason.UPSTREAM_TIMEOUT), Response(500, (), b""), Response(503, (), b""), ZeroDivisionError("x")],
)
async def test_an_outcome_that_is_not_known_gives_nothing_back(tmp_path: Path, outcome: Any) -> None:
    world = paying(tmp_path, {"name": "one", "calls": {"per": ["client"], "at_most": 1}})
    answer, world.upstream.answer = world.upstream.answer, outcome
    assert (await pay(world, "k1")).status >= 500
    world.upstream.answer = answer
    again = await pay(world, "k1")
    assert (again.status, told(again)) == (409, "idempotency-unclear")
    assert (await pay(world, "k2")).status == 429
    assert len(world.upstream.sent) == 1


async def test_a_caller_who_leaves_and_comes_back_does_not_pay_twice(tmp_path: Path) -> None:
    world = paying(tmp_path)
    world.upstream.seconds = 60.0
    call = asyncio.create_task(pay(world, "k1"))
    while not world.upstream.sent:
        await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert told(await pay(world, "k1")) == "idempotency-unclear"


async def test_who_hangs_up_before_anything_was_sent_has_used_nothing_up(tmp_path: Path) -> None:
    world = paying(tmp_path, {"name": "one", "calls": {"per": ["client"], "at_most": 1}})
    for wait in (0.0, 0.0005, 0.001, 0.002, 0.004, 0.008):
        call = asyncio.create_task(pay(world, "k1"))
        await asyncio.sleep(wait)
        if world.upstream.sent:
            break
        call.cancel()
        await asyncio.wait({call})
    if world.upstream.sent:
        await asyncio.wait({call})
    assert (await pay(world, "k1")).status == 200
    assert len(world.upstream.sent) == 1


async def test_a_worker_that_died_leaves_the_key_in_use_and_then_unclear(tmp_path: Path) -> None:
    world = paying(tmp_path)
    world.upstream.seconds = 60.0
    call = asyncio.create_task(pay(world, "k1"))
    while not world.upstream.sent:
        await asyncio.sleep(0.01)
    under_way = await pay(world, "k1")
    assert told(under_way) == "idempotency-under-way"
    assert dict(under_way.headers)["retry-after"] == "1"
    world.now = Instant(NOW + 200)
    assert told(await pay(world, "k1")) == "idempotency-unclear"
    world.now = Instant(NOW + 86_401)
    world.upstream.seconds = 0.0
    assert (await pay(world, "k1")).status == 200
    call.cancel()


async def test_a_body_that_comes_after_closing_time_comes_too_late(tmp_path: Path) -> None:
    hour = datetime.fromtimestamp(NOW, UTC).strftime("%H:%M")
    world = paying(tmp_path, {"name": "open", "hours": {"zone": "UTC", "begin": "00:00", "end": hour}})
    world.now = Instant(NOW - 60)
    assert (await pay(world)).status == 200

    async def slowly(_: int) -> bytes:
        world.now = NOW
        return b'{"amount":"1.00"}'

    asked = world.request("POST", headers=(("content-type", "application/json"),))
    response = await world.gateway(asked, slowly)
    assert (response.status, told(response)) == (403, "outside-hours")
    assert world.recorder.events[-1].private == "rule open"


async def test_shadow_is_told_in_the_event(tmp_path: Path) -> None:
    world = paying(tmp_path, {"name": "one", "mode": "shadow", "calls": {"per": ["client"], "at_most": 1}})
    assert [(await pay(world)).status for _ in range(2)] == [200, 200]
    assert [event.rules for event in world.recorder.events] == [(), ("one=calls-exceeded",)]


async def test_fifty_parallel_payments_reach_the_upstream_to_the_cent(tmp_path: Path) -> None:
    total = {"name": "day", "total": {"per": ["user"], "at_most": {"GBP": "10.00"}}}
    world = paying(tmp_path, total)
    parameters = (msgspec.structs.replace(HEADER, name="x-currency"),)
    asked = msgspec.structs.replace(world.gateway._rules.table.operations[0], parameters=parameters)
    world.gateway._rules.table.operations = (asked,)  # type: ignore[misc]
    headers = (("content-type", "application/json"), ("x-currency", "GBP"))
    calls = [world.request("POST", headers=headers) for _ in range(50)]
    responses = await asyncio.gather(*(world.call(one, b'{"amount":"0.33"}') for one in calls))
    assert sorted(r.status for r in responses) == [200] * 30 + [429] * 20
    assert len(world.upstream.sent) == 30


class Disk:
    """Counts how often it was waited for, and fails on demand."""

    def __init__(self) -> None:
        self.count = 0
        self.gone = False

    async def settle(self) -> None:
        self.count += 1
        if self.gone:
            raise Unavailable("disk gone")


@pytest.mark.parametrize(
    ("method", "durable", "waited"),
    [("POST", None, 1), ("GET", None, 0), ("POST", False, 0), ("GET", True, 1), ("DELETE", None, 1)],
)
async def test_the_record_of_what_changes_something_is_on_the_disk_before_the_answer(
    tmp_path: Path, method: str, durable: bool | None, waited: int
) -> None:
    world, disk = World(tmp_path, method=method), Disk()
    op = world.gateway._rules.table.operations[0]
    demands = msgspec.structs.replace(op.demands, durable=durable)
    world.gateway._rules.table.operations = (msgspec.structs.replace(op, demands=demands),)  # type: ignore[misc]
    world.gateway._ports = msgspec.structs.replace(world.gateway._ports, settle=disk.settle)
    assert (await world.call(world.request(method))).status == 200
    assert disk.count == waited
    await world.refused(msgspec.structs.replace(world.request(method), headers=()))
    assert disk.count == waited  # a refusal moved nothing


async def test_what_may_be_lost_is_not_answered_as_done(tmp_path: Path) -> None:
    world, disk = World(tmp_path, method="POST"), Disk()
    world.gateway._ports = msgspec.structs.replace(world.gateway._ports, settle=disk.settle)
    disk.gone = True
    response = await world.call(world.request("POST"))
    assert response.status == 503
    assert len(world.upstream.sent) == 1
    assert world.recorder.events[-1].allowed
