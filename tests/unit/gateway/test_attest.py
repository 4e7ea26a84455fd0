import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from calls import NOW, located, operation, request, token, validator

from ringfence.clock import Instant
from ringfence.gateway.acceptance import Acceptance
from ringfence.gateway.attest import attest
from ringfence.gateway.ports import KnownClient, NoClientKeys
from ringfence.gateway.screen import screen
from ringfence.gateway.screening.pattern_set import PatternSet
from ringfence.gateway.stages import Assessed, Attested, Identified, Limited
from ringfence.gateway.validate import validate
from ringfence.message import Headers
from ringfence.policy.operations import Body, Operation
from ringfence.policy.signatures_model import SignedBodies
from ringfence.problem import Reason, Refused
from ringfence.proofs.dpop import Proof
from ringfence.proofs.jwk import parse_public_jwk
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Unavailable
from tests.signed_calls import ClientKey, compact, detached, signed

ACCEPTED = Acceptance(
    issuer="https://issuer.example",
    audience="https://bank.example",
    algorithms=frozenset({"ES256", "PS256", "EdDSA"}),
    proof_window=60.0,
    skew=30.0,
    authorities=frozenset({"api.example"}),
    challenge="DPoP",
    max_json_depth=8,
)
URL = "https://api.example/a"
JSON = ("content-type", "application/json")
PAYMENT = {"type": "object", "properties": {"amount": {"type": "string"}}, "additionalProperties": False}
JWT = {
    "application/jwt": Body(
        "application/jwt",
        validator(PAYMENT),
        signed=True,
        bare_claims=frozenset({"iss", "aud", "iat", "exp", "nbf", "jti"}),
    ),
    "application/json": Body("application/json", None),
}
CLAIMS = {"iss": "client_a", "aud": "https://bank.example", "iat": int(NOW), "jti": "j1"}


class Keys:
    def __init__(self, known: dict[str, KnownClient]) -> None:
        self.known = known

    def of(self, client_id: str) -> KnownClient | None:
        return self.known.get(client_id)


class World:
    def __init__(self, directory: Path) -> None:
        self.key = ClientKey("k1")
        known = KnownClient({"k1": parse_public_jwk(self.key.jwk)}, frozenset({"client_a"}))
        self.keys: Any = Keys({"client_a": known})
        self.state = LmdbState(directory)

    async def attest(self, op: Operation, headers: Headers, body: bytes, *, dpop: bool = False) -> Attested:
        proof = Proof("k" * 43, "j", NOW, b"dpop:x", Instant(NOW + 90)) if dpop else None
        req = request("POST", headers=headers)
        identified = Identified(located(op, req), token(), proof)
        return await attest(Limited(Assessed(identified), -1), body, ACCEPTED, self.keys, self.state, NOW)

    async def refused(self, *args: Any, **kwargs: Any) -> Reason:
        with pytest.raises(Refused) as refused:
            await self.attest(*args, **kwargs)
        return refused.value.reason


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def op(**demands: Any) -> Operation:
    more = demands.pop("more", {})
    return operation(method="POST", demands=demands, **{"bodies": JWT, **more})


async def test_without_a_demand_nothing_is_asked(world: World) -> None:
    world.keys = NoClientKeys()
    attested = await world.attest(op(), (), b"x")
    assert (attested.body, attested.content, attested.document, attested.signed_by) == (b"x", b"x", None, "")
    with pytest.raises(Unavailable):
        await world.attest(op(signature_required=True), (), b"x")


async def test_a_signature_over_the_message_serves_once_without_a_proof(world: World) -> None:
    headers = signed(world.key, "POST", URL, (("authorization", "Bearer t"), JSON), b"{}", created=NOW)
    demanding = op(signature_required=True)
    attested = await world.attest(demanding, headers, b"{}")
    assert attested.signed_by == "k1"
    assert await world.refused(demanding, headers, b"{}") is Reason.SIGNATURE_REPLAYED
    another = signed(world.key, "POST", URL, headers[:2], b"{}", created=NOW, extra=';nonce="2"')
    assert (await world.attest(demanding, another, b"{}")).signed_by == "k1"


async def test_fifty_at_once_pass_once(world: World) -> None:
    headers = signed(world.key, "POST", URL, (("authorization", "Bearer t"),), b"{}", created=NOW)
    calls = [world.attest(op(signature_required=True), headers, b"{}") for _ in range(50)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(r, Attested) for r in results) == 1


async def test_a_proof_has_to_be_covered_and_counts_itself(world: World) -> None:
    plain = (("authorization", "DPoP t"), ("dpop", "p"))
    demanding = op(signature_required=True)
    bare = signed(world.key, "POST", URL, plain[:1], b"", created=NOW)
    assert await world.refused(demanding, (*bare, ("dpop", "p")), b"", dpop=True) is Reason.SIGNATURE_COVERAGE
    headers = signed(world.key, "POST", URL, plain, b"", created=NOW)
    for _ in range(2):  # the proof's jti has been claimed before: see `limit`
        assert (await world.attest(demanding, headers, b"", dpop=True)).signed_by == "k1"


async def test_another_clients_key_and_a_stopped_client(world: World) -> None:
    stranger = ClientKey("k2")
    headers = signed(stranger, "POST", URL, (("authorization", "Bearer t"),), b"{}", created=NOW)
    assert await world.refused(op(signature_required=True), headers, b"{}") is Reason.SIGNATURE_KEY
    own = signed(world.key, "POST", URL, (("authorization", "Bearer t"),), b"{}", created=NOW)
    world.keys = Keys({})
    assert await world.refused(op(signature_required=True), own, b"{}") is Reason.SIGNATURE_KEY


async def test_a_detached_signature_is_over_the_body_as_it_came(world: World) -> None:
    demanding = op(body_signature="detached", more={"signed_bodies": SignedBodies(issuers={"client_a": "org/1"})})
    for iss in ("client_a", "org/1"):
        value = detached(world.key, b'{"a": 1}', iat=NOW, iss=iss)
        attested = await world.attest(demanding, (JSON, ("x-jws-signature", value)), b'{"a": 1}')
        assert (attested.content, attested.signed_by) == (b'{"a": 1}', "k1")
    assert await world.refused(demanding, (JSON, ("x-jws-signature", value)), b'{"a":1}') is (
        Reason.BODY_SIGNATURE_INVALID
    )
    assert await world.refused(demanding, (JSON,), b"{}") is Reason.BODY_SIGNATURE_MISSING
    other = detached(world.key, b"{}", iat=NOW, iss="org/2")
    assert await world.refused(demanding, (JSON, ("x-jws-signature", other)), b"{}") is Reason.BODY_SIGNATURE_CLAIMS


async def test_a_signed_body_is_opened_checked_and_passed_on_as_the_policy_says(world: World) -> None:
    headers = (("content-type", "application/jwt"),)
    for payload_upstream in (False, True):
        claims = {**CLAIMS, "jti": f"j{payload_upstream}"}
        body = compact(world.key, {**claims, "amount": "1.00"})
        demanding = op(body_signature="compact", payload_upstream=payload_upstream)
        valid = validate(await world.attest(demanding, headers, body), 8)
        assert valid.payload == {"amount": "1.00"}
        assert valid.media_type == ("application/json" if payload_upstream else "")
        if payload_upstream:
            assert json.loads(valid.body) == {**claims, "amount": "1.00"}
        else:
            assert valid.body == body
        assert await world.refused(demanding, headers, body) is Reason.BODY_SIGNATURE_REPLAYED


async def test_the_payload_is_held_against_the_schema(world: World) -> None:
    headers = (("content-type", "application/jwt"),)
    body = compact(world.key, {**CLAIMS, "amount": 1})
    attested = await world.attest(op(body_signature="compact"), headers, body)
    with pytest.raises(Refused) as refused:
        validate(attested, 8)
    assert refused.value.reason is Reason.BODY_INVALID
    assert refused.value.faults[0].at == "/amount"


@pytest.mark.parametrize("payload_upstream", [False, True])
async def test_the_free_text_of_a_signed_body_is_screened(world: World, *, payload_upstream: bool) -> None:
    body = compact(world.key, {**CLAIMS, "amount": "1' or '1'='1"})
    demanding = op(body_signature="compact", payload_upstream=payload_upstream)
    attested = await world.attest(demanding, (("content-type", "Application/JWT; charset=utf-8"),), body)
    with pytest.raises(Refused) as refused:
        screen(validate(attested, 8), PatternSet())
    assert (refused.value.reason, refused.value.private) == (Reason.SUSPICIOUS_TEXT, "/amount=sql")


async def test_signed_bodies_that_are_none(world: World) -> None:
    demanding = op(body_signature="compact")
    jwt = (("content-type", "application/jwt"),)
    assert await world.refused(demanding, jwt, b"") is Reason.BODY_SIGNATURE_MISSING
    assert await world.refused(demanding, (JSON,), b'{"amount":"1"}') is Reason.MEDIA_TYPE
    assert await world.refused(demanding, jwt, b'{"amount":"1"}') is Reason.BODY_SIGNATURE_MALFORMED
    twice = compact(world.key, b'{"amount":"1","amount":"2"}')
    assert await world.refused(demanding, jwt, twice) is Reason.JSON_DUPLICATE_KEY
    decomposed = compact(world.key, b'{"amount":"e\\u0301"}')
    assert await world.refused(demanding, jwt, decomposed) is Reason.TEXT_NOT_NORMAL
    assert await world.refused(demanding, jwt, compact(world.key, {"amount": "1"})) is Reason.BODY_SIGNATURE_CLAIMS


async def test_unsigned_content_is_not_looked_at_first(world: World) -> None:
    """What nobody signed is refused for that, however broken it is inside."""
    headers = signed(world.key, "POST", URL, (("authorization", "Bearer t"), JSON), b"{}", created=NOW)
    assert await world.refused(op(signature_required=True), headers, b'{"a":1,"a":2}') is Reason.CONTENT_DIGEST
