import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from caller import ISSUER, Caller
from calls import NOW, json_body, limits, operation, request, validator

from ringfence.audit.receipt import ReceiptKey, check
from ringfence.audit.receipt import read as read_receipt
from ringfence.clock import Instant
from ringfence.events import CallDecided, Event
from ringfence.gateway.acceptance import Acceptance
from ringfence.gateway.pipeline import Gateway, Ruleset
from ringfence.gateway.ports import Ports
from ringfence.gateway.screening.pattern_set import PatternSet
from ringfence.gateway.token_memory import TokenMemory
from ringfence.ids import system_random
from ringfence.message import Headers, Request, Response
from ringfence.policy.free_text import everything
from ringfence.policy.model import Limit, Upstream
from ringfence.policy.operations import Content, DeclaredResponse, Match, Operation
from ringfence.policy.responses_model import Responses
from ringfence.policy.screening_model import Screening
from ringfence.problem import Reason, Refused
from ringfence.proofs.nonces import KeyedNonces
from ringfence.store.blocks import client_block, grant_block, token_block, user_block
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Unavailable

PAYMENT = {"type": "object", "properties": {"amount": {"type": "string"}}, "additionalProperties": False}


class OnlyA:
    """Declares the member `a`."""

    def member(self, name: str) -> bool:
        return name == "a"

    def item(self) -> bool:
        return True


class Table:
    """The one operation, under any path."""

    def __init__(self, op: Operation) -> None:
        self.operations = (op,)

    def match(self, method: str, path: str) -> Match:
        if path != "/a":
            raise Refused(Reason.UNKNOWN_PATH)
        return Match(self.operations[0], {}, path)


class Upstreams:
    """Remembers what it was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, Headers, bytes]] = []
        self.answer: Response | Exception = Response(200, (("content-type", "application/json"),), b"{}")

    async def send(
        self, name: str, upstream: Upstream, method: str, target: str, headers: Headers, body: bytes
    ) -> Response:
        self.sent.append((method, target, headers, body))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Recorder:
    def __init__(self) -> None:
        self.events: list[CallDecided] = []
        self.gone = False

    def emit(self, event: Event) -> None:
        assert isinstance(event, CallDecided)
        self.events.append(event)

    def ready(self) -> None:
        if self.gone:
            raise Unavailable("disk full")


class World:
    """A gateway with a real shared state and everything else within reach."""

    def __init__(self, directory: Path, **op: Any) -> None:
        self.caller = Caller()
        self.upstream = Upstreams()
        self.recorder = Recorder()
        self.now = NOW
        self.state = LmdbState(directory)
        accepted = Acceptance(
            issuer=ISSUER,
            audience=ISSUER,
            algorithms=frozenset({"ES256", "PS256", "EdDSA"}),
            proof_window=60.0,
            skew=30.0,
            authorities=frozenset({"api.example"}),
            challenge='DPoP algs="ES256"',
            max_json_depth=8,
        )
        ports = Ports(
            keys=self,
            nonces=KeyedNonces(b"n" * 32),
            admissions=self.state,
            sender=self.upstream,
            events=self.recorder,
            clock=lambda: self.now,
            random=system_random,
        )
        self.gateway = Gateway(Ruleset(Table(operation(**op)), accepted, TokenMemory(100), PatternSet()), ports)

    def key(self, kid: str) -> Any:
        return self.caller.issuer_keys(kid)

    def request(self, method: str = "GET", token: str | None = None, proof: str | None = None, **more: Any) -> Request:
        token = token if token is not None else self.caller.token(self.now)
        proof = proof if proof is not None else self.caller.proof(self.now, method, "https://api.example/a", token)
        headers = (("authorization", f"DPoP {token}"), ("dpop", proof), *more.pop("headers", ()))
        return request(method, headers=headers, **more)

    async def call(self, req: Request, body: bytes = b"") -> Response:
        async def read(limit: int) -> bytes:
            if len(body) > limit:
                raise Refused(Reason.BODY_TOO_LARGE)
            return body

        return await self.gateway(req, read)

    async def refused(self, req: Request, body: bytes = b"") -> tuple[str, Response]:
        sent = len(self.upstream.sent)
        response = await self.call(req, body)
        document = msgspec.json.decode(response.body)
        assert len(self.upstream.sent) == sent
        assert document["status"] == response.status
        assert document["correlation_id"] == req.correlation
        assert dict(response.headers)["content-type"] == "application/problem+json"
        event = self.recorder.events[-1]
        assert not event.allowed
        assert document["type"] == f"urn:ringfence:problem:{event.reason}"
        return event.reason, response


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


class Disk:
    """Counts how often it was waited for, and fails on demand."""

    def __init__(self) -> None:
        self.count = 0
        self.gone = False

    async def settle(self) -> None:
        self.count += 1
        if self.gone:
            raise Unavailable("disk gone")


def with_ports(world: World, *, receipts: bool = False, **more: Any) -> None:
    """Change what the gateway works with."""
    world.gateway._ports = msgspec.structs.replace(world.gateway._ports, **more)
    world.gateway.replace(msgspec.structs.replace(world.gateway._rules, receipts=receipts))


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
    with_ports(world, settle=disk.settle)
    assert (await world.call(world.request(method))).status == 200
    assert disk.count == waited
    await world.refused(msgspec.structs.replace(world.request(method), headers=()))
    assert disk.count == waited  # a refusal moved nothing


async def test_what_may_be_lost_is_not_answered_as_done(tmp_path: Path) -> None:
    world, disk = World(tmp_path, method="POST"), Disk()
    with_ports(world, settle=disk.settle)
    disk.gone = True
    response = await world.call(world.request("POST"))
    assert response.status == 503
    assert len(world.upstream.sent) == 1
    assert world.recorder.events[-1].allowed


class Keys:
    def __init__(self) -> None:
        self.gone = False

    def key(self, now: Instant) -> ReceiptKey:
        if self.gone:
            raise Unavailable("no key")
        return ReceiptKey("day-1", bytes(32))


async def test_with_receipts_every_answer_carries_one_for_its_event(world: World) -> None:
    keys = Keys()
    with_ports(world, receipts=True)
    world.gateway._ports = msgspec.structs.replace(world.gateway._ports, receipts=keys)
    for req in (world.request(), request()):
        response = await world.call(req)
        held = read_receipt(dict(response.headers)["ringfence-receipt"])
        check(held, msgspec.to_builtins(world.recorder.events[-1]), keys.key(NOW))
    keys.gone = True
    reason, response = await world.refused(world.request())
    assert (reason, response.status) == ("unavailable", 503)
    assert "ringfence-receipt" not in dict(response.headers)


async def test_without_receipts_no_answer_carries_one(world: World) -> None:
    response = await world.call(world.request())
    assert "ringfence-receipt" not in dict(response.headers)
