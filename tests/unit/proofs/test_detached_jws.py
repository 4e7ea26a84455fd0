import pytest

from ringfence.problem import Reason, Refused
from ringfence.proofs.detached_jws import ISSUED_AT, ISSUER, TRUST_ANCHOR, Expected, verify_detached
from ringfence.proofs.jwk import parse_public_jwk
from tests.signed_calls import OB, ClientKey, compact, detached

NOW = 1_760_000_000.0
BODY = b'{"Data":{"amount":"1.00"}}'
EXPECTED = Expected(("client_a", "C=GB,CN=a"), ("openbanking.org.uk",), 300.0)
CLAIMS = [ISSUED_AT, ISSUER, TRUST_ANCHOR]


@pytest.fixture(scope="module")
def key():
    return ClientKey("k1")


def check(value, key, body=BODY, values=None, algorithms=("ES256",)):
    keys = {"k1": parse_public_jwk(key.jwk)}
    values = [value] if values is None else values
    return verify_detached(values, body, keys, algorithms, EXPECTED, NOW, 30.0)


def reason(*args, **kwargs):
    with pytest.raises(Refused) as refused:
        check(*args, **kwargs)
    return refused.value.reason


@pytest.mark.parametrize("old", [False, True])
def test_both_forms_verify(key, old):
    value = detached(key, BODY, iat=NOW, iss="client_a", old=old)
    assert check(value, key).kid == "k1"
    assert reason(value, key, body=BODY + b" ") is Reason.BODY_SIGNATURE_INVALID
    assert check(detached(key, BODY, iat=NOW, iss="C=GB,CN=a", old=old, typ=None, cty="json"), key).kid == "k1"


def test_nothing_signed_is_nothing_taken(key):
    empty = detached(key, b"", iat=NOW, iss="client_a")
    assert reason(empty, key, body=b"") is Reason.BODY_MISSING
    assert reason("", key, values=[]) is Reason.BODY_SIGNATURE_MISSING


def test_an_attached_payload_is_not_what_is_signed(key):
    header, _, signature = detached(key, b"{}", iat=NOW, iss="client_a").split(".")
    assert reason(f"{header}.e30.{signature}", key) is Reason.BODY_SIGNATURE_MALFORMED
    attached = compact(key, BODY, crit=CLAIMS, **{OB + "iat": int(NOW), OB + "iss": "client_a"}).decode()
    assert reason(attached, key) is Reason.BODY_SIGNATURE_MALFORMED


@pytest.mark.parametrize(
    "header",
    [
        {"crit": None},
        {"crit": []},
        {"crit": "b64"},
        {"crit": [1]},
        {"crit": [ISSUED_AT]},
        {"crit": [*CLAIMS, ISSUED_AT]},
        {"crit": [*CLAIMS, "exp"], "exp": 1},
        {"crit": [*CLAIMS, "b64"]},
        {"crit": CLAIMS, "b64": False},
        {"crit": [*CLAIMS, "b64"], "b64": True},
        {"crit": [*CLAIMS, "b64"], "b64": 0},
        {"crit": [*CLAIMS, "b64"], "b64": None},
        {"kid": None},
        {"alg": None},
        {"typ": "JWT"},
        {"typ": 1},
        {"cty": "xml"},
        {"cty": 1},
        {ISSUED_AT: "now"},
        {ISSUED_AT: True},
    ],
)
@pytest.mark.parametrize("old", [False, True])
def test_headers_that_could_be_read_two_ways(key, header, old):
    value = detached(key, BODY, iat=NOW, iss="client_a", old=old, **header)
    if old and header == {"crit": [*CLAIMS, "b64"]}:
        assert check(value, key).kid == "k1"
    else:
        assert reason(value, key) is Reason.BODY_SIGNATURE_MALFORMED


@pytest.mark.parametrize("value", ["", "..", "a..", "..a", "a.b", "a..b.c", "é..a", "!!..AA", "e30..AA", "A" * 20_000])
def test_values_that_are_none(key, value):
    assert reason(value, key) is Reason.BODY_SIGNATURE_MALFORMED
    good = detached(key, BODY, iat=NOW, iss="client_a")
    assert reason("", key, values=[good, good]) is Reason.BODY_SIGNATURE_MALFORMED


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ({"alg": "PS256"}, Reason.BODY_SIGNATURE_ALGORITHM),
        ({"alg": "none"}, Reason.BODY_SIGNATURE_ALGORITHM),
        ({"alg": "HS256"}, Reason.BODY_SIGNATURE_ALGORITHM),
        ({"kid": "k2"}, Reason.BODY_SIGNATURE_INVALID),
        ({ISSUER: "client_b"}, Reason.BODY_SIGNATURE_CLAIMS),
        ({ISSUER: ["client_a"]}, Reason.BODY_SIGNATURE_CLAIMS),
        ({TRUST_ANCHOR: "evil.example"}, Reason.BODY_SIGNATURE_CLAIMS),
        ({ISSUED_AT: int(NOW) - 331}, Reason.BODY_SIGNATURE_STALE),
        ({ISSUED_AT: int(NOW) + 31}, Reason.BODY_SIGNATURE_STALE),
    ],
)
def test_each_for_its_own_reason(key, header, wanted):
    assert reason(detached(key, BODY, iat=NOW, iss="client_a", **header), key) is wanted


def test_algorithm_not_taken_and_forged(key):
    value = detached(key, BODY, iat=NOW, iss="client_a")
    assert reason(value, key, algorithms=("PS256",)) is Reason.BODY_SIGNATURE_ALGORITHM
    assert reason(detached(ClientKey("k1"), BODY, iat=NOW, iss="client_a"), key) is Reason.BODY_SIGNATURE_INVALID
