"""A SET by another library; that each check is there is shown at the endpoint (`tests/unit/oauth/signals`)."""

import json

import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from ringfence.clock import Instant
from ringfence.problem import Reason, Refused
from ringfence.proofs.jwk import ALGORITHMS, parse_jwks, parse_public_jwk
from ringfence.proofs.security_event import SET_ALGORITHMS, event_id, peek_issuer, verify_security_event

KEY = JWK.generate(kty="RSA", size=2048, kid="a")
PUBLIC = KEY.export_public(as_dict=True)
NOW = Instant(1_800_000_000.0)
CLAIMS = {
    "iss": "i",
    "aud": "us",
    "jti": "j",
    "iat": int(NOW),
    "sub_id": {"format": "opaque", "id": "x"},
    "events": {"https://e.example/t": {"a": 1}},
}


def signed(claims: dict, **header: str) -> str:
    jws = JWS(json.dumps(claims).encode())
    jws.add_signature(KEY, None, json.dumps({"alg": "RS256", "typ": "secevent+jwt", "kid": "a"} | header), None)
    return jws.serialize(compact=True)


def verified(raw: str, **changes):
    asked = {"issuer": "i", "audience": "us", "keys": parse_jwks({"keys": [PUBLIC]}, algorithms=SET_ALGORITHMS)}
    asked |= {"algorithms": SET_ALGORITHMS, "max_age": 60.0, "now": NOW, "skew": 30.0}
    return verify_security_event(raw, **(asked | changes))


def reason(raw: str, **changes) -> Reason:
    with pytest.raises(Refused) as refused:
        verified(raw, **changes)
    return refused.value.reason


def test_what_it_says():
    event = verified(signed(CLAIMS))
    assert (event.jti, event.issued_at, event.kind, event.details) == ("j", NOW, "https://e.example/t", {"a": 1})
    assert event.subject == CLAIMS["sub_id"]
    assert peek_issuer(signed(CLAIMS)) == "i"


def test_its_age():
    raw = signed(CLAIMS)
    assert verified(raw, now=Instant(NOW + 89)).jti == "j"
    assert reason(raw, now=Instant(NOW + 90)) is Reason.SIGNAL_REQUEST
    assert verified(raw, now=Instant(NOW - 30)).jti == "j"
    assert reason(raw, now=Instant(NOW - 31)) is Reason.SIGNAL_REQUEST


def test_who_and_for_whom():
    raw = signed(CLAIMS)
    assert reason(raw, issuer="j") is Reason.SIGNAL_ISSUER
    assert reason(raw, audience="them") is Reason.SIGNAL_AUDIENCE
    assert reason(raw, keys={}) is Reason.SIGNAL_KEY
    assert reason(raw, algorithms=("ES256",)) is Reason.SIGNAL_KEY


@pytest.mark.parametrize("name", ["sub", "exp", "nonce"])
def test_it_is_no_token_of_another_kind(name):
    assert reason(signed(CLAIMS | {name: 1})) is Reason.SIGNAL_REQUEST


@pytest.mark.parametrize("kind", ["x" * 256, ""])
def test_its_type_is_a_uri(kind):
    raw = signed(CLAIMS | {"events": {kind: {}}})
    assert (reason(raw) if kind else verified(raw).kind) in {Reason.SIGNAL_REQUEST, ""}


def test_events_have_names_of_their_own():
    assert event_id("a", "bc") != event_id("ab", "c")
    assert event_id("a", "b") == event_id("a", "b")
    assert len(event_id("a", "\ud800")) == 64


def test_a_key_has_one_algorithm_and_rs256_is_for_events_alone():
    assert "RS256" not in ALGORITHMS
    assert parse_public_jwk(PUBLIC).algorithm == "PS256"
    assert parse_public_jwk(PUBLIC, algorithms=SET_ALGORITHMS).algorithm == "RS256"
    assert parse_public_jwk(PUBLIC | {"alg": "PS256"}, algorithms=SET_ALGORITHMS).algorithm == "PS256"
    for alg, algorithms in (("RS256", ALGORITHMS), ("PS256", ("RS256",)), ("none", SET_ALGORITHMS)):
        with pytest.raises(Refused):
            parse_public_jwk(PUBLIC | {"alg": alg}, algorithms=algorithms)
