from decimal import Decimal

import pytest

from ringfence.problem import Reason, Refused
from ringfence.proofs.jwk import parse_public_jwk
from ringfence.proofs.signed_body import Expected, check_claims, open_body
from tests.signed_calls import ClientKey, compact

NOW = 1_760_000_000.0
EXPECTED = Expected("client_a", ("client_a", "C=GB"), ("https://api.example",), ("iss", "aud", "iat", "jti"), 300.0)
GOOD = {"iss": "client_a", "aud": "https://api.example", "iat": int(NOW), "jti": "j", "data": {"a": 1}}


@pytest.fixture(scope="module")
def key():
    return ClientKey("k1")


def opened(body, key, algorithms=("ES256",)):
    return open_body(body, {"k1": parse_public_jwk(key.jwk)}, algorithms)


def reason(call, *args, **kwargs):
    with pytest.raises(Refused) as refused:
        call(*args, **kwargs)
    return refused.value.reason


def test_the_payload_of_what_a_registered_key_signed(key):
    for header in ({}, {"typ": "JWT"}, {"typ": "application/jose"}, {"typ": "secevent+jwt"}, {"cty": "json"}):
        assert opened(compact(key, b'{"a":1}', **header), key) == (b'{"a":1}', "k1")
    long = b'{"a":"' + b"x" * 60_000 + b'"}'
    assert opened(compact(key, long), key)[0] == long


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ({"typ": "at+jwt"}, Reason.BODY_SIGNATURE_MALFORMED),
        ({"typ": "dpop+jwt"}, Reason.BODY_SIGNATURE_MALFORMED),
        ({"typ": "oauth-authz-req+jwt"}, Reason.BODY_SIGNATURE_MALFORMED),
        ({"typ": 1}, Reason.BODY_SIGNATURE_MALFORMED),
        ({"cty": "JWT"}, Reason.BODY_SIGNATURE_MALFORMED),
        ({"cty": 1}, Reason.BODY_SIGNATURE_MALFORMED),
        ({"b64": False, "crit": ["b64"]}, Reason.BODY_SIGNATURE_MALFORMED),
        ({"crit": ["exp"]}, Reason.BODY_SIGNATURE_MALFORMED),
        ({"alg": "none"}, Reason.BODY_SIGNATURE_ALGORITHM),
        ({"alg": "HS256"}, Reason.BODY_SIGNATURE_ALGORITHM),
        ({"kid": "other"}, Reason.BODY_SIGNATURE_INVALID),
    ],
)
def test_headers_of_something_else(key, header, wanted):
    assert reason(opened, compact(key, GOOD, **header), key) is wanted


def test_bodies_that_are_none(key):
    good = compact(key, GOOD)
    for body in (b"", b"{}", b"a.b", good + b"\n", good + b".x", b"\xff", compact(key, b""), good.rpartition(b".")[0]):
        assert reason(opened, body, key) is Reason.BODY_SIGNATURE_MALFORMED
    header, payload, signature = good.split(b".")
    assert reason(opened, header + b".e30." + signature, key) is Reason.BODY_SIGNATURE_INVALID
    assert reason(opened, compact(ClientKey("k1"), GOOD), key) is Reason.BODY_SIGNATURE_INVALID
    assert reason(opened, good, key, ("PS256",)) is Reason.BODY_SIGNATURE_ALGORITHM
    assert payload


def test_a_jti_is_to_be_claimed():
    once = check_claims(GOOD, EXPECTED, NOW, 30.0)
    assert once is not None
    assert once.replay_until >= NOW + 300
    assert once.replay_key.startswith(b"body:")
    other = check_claims(GOOD | {"jti": "k"}, EXPECTED, NOW, 30.0)
    assert other.replay_key != once.replay_key
    lenient = Expected("client_a", ("client_a",), ("https://api.example",), (), 300.0)
    assert check_claims({"data": 1}, lenient, NOW, 30.0) is None
    assert check_claims({"jti": "j"}, lenient, NOW, 30.0).replay_until >= NOW + 300


@pytest.mark.parametrize(
    ("members", "wanted"),
    [
        ([], Reason.BODY_SIGNATURE_MALFORMED),
        ("x", Reason.BODY_SIGNATURE_MALFORMED),
        ({k: v for k, v in GOOD.items() if k != "aud"}, Reason.BODY_SIGNATURE_CLAIMS),
        (GOOD | {"iss": "client_b"}, Reason.BODY_SIGNATURE_CLAIMS),
        (GOOD | {"iss": ["client_a"]}, Reason.BODY_SIGNATURE_CLAIMS),
        (GOOD | {"aud": "https://other.example"}, Reason.BODY_SIGNATURE_CLAIMS),
        (GOOD | {"aud": [["https://api.example"]]}, Reason.BODY_SIGNATURE_CLAIMS),
        (GOOD | {"aud": None}, Reason.BODY_SIGNATURE_CLAIMS),
        (GOOD | {"sub": "client_a"}, Reason.BODY_SIGNATURE_CLAIMS),
        (GOOD | {"iat": int(NOW) - 400}, Reason.BODY_SIGNATURE_STALE),
        (GOOD | {"iat": int(NOW) + 31}, Reason.BODY_SIGNATURE_STALE),
        (GOOD | {"exp": int(NOW) - 31}, Reason.BODY_SIGNATURE_STALE),
        (GOOD | {"nbf": int(NOW) + 31}, Reason.BODY_SIGNATURE_STALE),
        (GOOD | {"iat": "now"}, Reason.BODY_SIGNATURE_MALFORMED),
        (GOOD | {"exp": True}, Reason.BODY_SIGNATURE_MALFORMED),
        (GOOD | {"jti": 1}, Reason.BODY_SIGNATURE_MALFORMED),
        (GOOD | {"jti": ""}, Reason.BODY_SIGNATURE_MALFORMED),
        (GOOD | {"jti": "j" * 257}, Reason.BODY_SIGNATURE_MALFORMED),
    ],
)
def test_claims_each_for_its_own_reason(members, wanted):
    assert reason(check_claims, members, EXPECTED, NOW, 30.0) is wanted


def test_an_audience_among_others_and_an_exact_time():
    assert check_claims(
        GOOD | {"aud": ["x", "https://api.example"], "iat": Decimal("1760000000.5")}, EXPECTED, NOW, 30.0
    )
