"""A gateway with real shared state, for the tests of the whole chain."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
from caller import ISSUER, Caller
from calls import NOW, json_body, operation, parameter, request

from ringfence.clock import Instant
from ringfence.events import CallDecided, Event
from ringfence.gateway.acceptance import Acceptance
from ringfence.gateway.pipeline import Gateway, Ruleset
from ringfence.gateway.ports import Ports
from ringfence.gateway.screening.pattern_set import PatternSet
from ringfence.gateway.token_memory import TokenMemory
from ringfence.ids import system_random
from ringfence.message import Headers, Request, Response
from ringfence.policy.linking_model import Linking
from ringfence.policy.model import Upstream
from ringfence.policy.operations import Match, Operation
from ringfence.policy.rules_model import Facts, Idempotency, Rule
from ringfence.problem import Reason, Refused
from ringfence.proofs.nonces import KeyedNonces
from ringfence.store.embedded.lmdb_idempotency import LmdbIdempotencyKeys
from ringfence.store.embedded.lmdb_risk import LmdbRisk
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.embedded.lmdb_sums import LmdbSums
from ringfence.store.interface import Unavailable

PAYMENT = {"type": "object", "properties": {"amount": {"type": "string"}}, "additionalProperties": False}


HEADER = parameter("x", {"type": "string"}, "header")


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
        self.seconds = 0.0

    async def send(
        self, name: str, upstream: Upstream, method: str, target: str, headers: Headers, body: bytes
    ) -> Response:
        self.sent.append((method, target, headers, body))
        await asyncio.sleep(self.seconds)
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
        self.used: dict[str, str] = {}
        self.state = LmdbState(directory)
        self.risks = LmdbRisk(directory / "risk.mdb")
        accepted = Acceptance(
            issuer=ISSUER,
            audience=ISSUER,
            algorithms=frozenset({"ES256", "PS256", "EdDSA"}),
            proof_window=60.0,
            skew=30.0,
            authorities=frozenset({"api.example"}),
            challenge='DPoP algs="ES256"',
            max_json_depth=8,
            linkings={"payment": Linking(amount="/amount", currency="/currency", payee="/payee")},
        )
        ports = Ports(
            keys=self,
            nonces=KeyedNonces(b"n" * 32),
            admissions=self.state,
            sender=self.upstream,
            events=self.recorder,
            clock=lambda: self.now,
            random=system_random,
            consents=self,
            risks=self.risks,
            sums=LmdbSums(directory / "sums.mdb"),
            idempotency=LmdbIdempotencyKeys(directory / "keys.mdb"),
        )
        self.gateway = Gateway(Ruleset(Table(operation(**op)), accepted, TokenMemory(100), PatternSet()), ports)

    async def use_consent(self, consent_id: str, client_id: str, call: str, now: Instant) -> bool:
        """Take a consent once; it stands for the records."""
        first = consent_id not in self.used
        self.used.setdefault(consent_id, call)
        return first

    async def return_consent(self, consent_id: str, call: str) -> bool:
        return self.used.pop(consent_id, "") == call

    async def spend_consent(self, consent_id: str, call: str, now: Instant) -> None:
        return None

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


def paying(directory: Path, *rules: dict[str, Any], **more: Any) -> World:
    """A world in which payments have rules, and keys."""
    demands = {
        "facts": Facts(amount="/amount", currency="header.x-currency"),
        "rules": tuple(msgspec.convert(one, Rule) for one in rules),
        "idempotency": Idempotency(header="idempotency-key", required=False, **more),
    }
    return World(directory, method="POST", bodies=json_body(PAYMENT), demands=demands)


async def pay(world: World, key: str = "", amount: str = "1.00", **token: Any) -> Response:
    headers = (("content-type", "application/json"), *((("idempotency-key", key),) if key else ()))
    asked = world.request("POST", headers=headers, token=world.caller.token(world.now, **token))
    asked = msgspec.structs.replace(asked, correlation=f"{len(world.recorder.events)}-{id(asked)}")
    return await world.call(asked, msgspec.json.encode({"amount": amount}))


def told(response: Response) -> str:
    return msgspec.json.decode(response.body)["type"].rpartition(":")[2]
