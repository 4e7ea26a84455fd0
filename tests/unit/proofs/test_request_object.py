from typing import Any

import pytest

from ringfence.clock import Instant
from ringfence.problem import Reason, Refused
from ringfence.proofs.request_object import verify_backchannel_object, verify_request_object

NOW = Instant(1_760_000_000.0)
ISSUER = "https://as.bank.example"
CLIENT = "client_1"


def claims(**members: Any) -> dict[str, Any]:
    made = {
        "iss": CLIENT,
        "aud": ISSUER,
        "nbf": int(NOW),
        "exp": int(NOW) + 60,
        "client_id": CLIENT,
        "scope": "accounts",
        "authorization_details": [{"type": "payment", "amount": "1.00"}],
    } | members
    return {name: value for name, value in made.items() if value is not None}


def check(raw: str, *signers: Any, **changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "client_keys": {signer.public.kid: signer.public for signer in signers},
        "client_id": CLIENT,
        "issuer": ISSUER,
        "algorithms": ("ES256", "PS256", "EdDSA"),
        "now": NOW,
        "skew": 30.0,
    }
    return verify_request_object(raw, **{**arguments, **changes})


def test_the_request_comes_out_without_what_speaks_of_the_jwt(signer):
    found = check(signer.sign({"alg": signer.alg}, claims(iat=int(NOW), jti="j")), signer)
    assert found == {
        "client_id": CLIENT,
        "scope": "accounts",
        "authorization_details": [{"type": "payment", "amount": "1.00"}],
    }


@pytest.mark.parametrize(
    "members",
    [
        {"nbf": int(NOW) - 3600, "exp": int(NOW)},
        {"exp": int(NOW) + 3600},
        {"nbf": int(NOW) + 30, "exp": int(NOW) + 60},
        {"exp": int(NOW) - 29, "nbf": int(NOW) - 60},
        {"iss": None},
        {"sub": "somebody else"},
    ],
)
def test_edges_that_are_taken(es256, members):
    assert check(es256.sign({"alg": "ES256"}, claims(**members)), es256)


@pytest.mark.parametrize(
    "members",
    [
        {"nbf": int(NOW) - 3601, "exp": int(NOW) - 1},
        {"exp": int(NOW) + 3601},
        {"nbf": int(NOW) + 31},
        {"iat": int(NOW) + 31},
        {"exp": int(NOW) - 30, "nbf": int(NOW) - 60},
        {"exp": None},
        {"nbf": None},
        {"exp": "1760000060"},
        {"nbf": True},
        {"aud": None},
        {"aud": [ISSUER + "/"]},
        {"aud": {ISSUER: 1}},
        {"client_id": "other"},
        {"client_id": None},
        {"iss": "other"},
        {"iss": ""},
        {"sub": CLIENT},
        {"request": "x"},
        {"request_uri": "x"},
    ],
)
def test_claims_that_are_refused(es256, refusal, members):
    signed = es256.sign({"alg": "ES256"}, claims(**members))
    assert refusal(check, signed, es256) is Reason.REQUEST_OBJECT_INVALID


def test_a_member_that_stands_twice(es256, refusal):
    twice = b'{"client_id":"client_1","aud":"%s","nbf":%d,"exp":%d,"scope":"a","scope":"b"}' % (
        ISSUER.encode(),
        int(NOW),
        int(NOW) + 60,
    )
    assert refusal(check, es256.sign({"alg": "ES256"}, twice), es256) is Reason.REQUEST_OBJECT_INVALID


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"b64": False}, {"typ": "at+jwt"}, {"typ": 1}, {"kid": "?"}])
def test_headers_that_are_refused(es256, refusal, header):
    signed = es256.sign({"alg": "ES256"} | header, claims())
    assert refusal(check, signed, es256) is Reason.REQUEST_OBJECT_INVALID


BACKCHANNEL = {"iat": int(NOW), "jti": "j", "client_id": None, "login_hint": "mia"}


def check_backchannel(raw: str, signer: Any) -> Any:
    return verify_backchannel_object(
        raw,
        client_keys={signer.public.kid: signer.public},
        client_id=CLIENT,
        issuer=ISSUER,
        algorithms=("ES256", "PS256", "EdDSA"),
        now=NOW,
        skew=30.0,
    )


def test_a_request_without_a_redirect_needs_no_client_id_and_counts_once(signer):
    raw = signer.sign({"alg": signer.alg}, claims(**BACKCHANNEL))
    found = check_backchannel(raw, signer)
    assert found.members["login_hint"] == "mia"
    assert not {"iss", "aud", "exp", "nbf", "iat", "jti"} & found.members.keys()
    assert found.replay_until == NOW + 90
    again = check_backchannel(signer.sign({"alg": signer.alg}, claims(**BACKCHANNEL | {"scope": "x"})), signer)
    other = check_backchannel(signer.sign({"alg": signer.alg}, claims(**BACKCHANNEL | {"jti": "k"})), signer)
    assert again.replay_key == found.replay_key != other.replay_key


@pytest.mark.parametrize(
    "members",
    [
        {"jti": None},
        {"jti": 1},
        {"iat": None},
        {"iss": None},
        {"client_id": "c2"},
        {"response_type": "code"},
        {"redirect_uri": ""},
    ],
)
def test_neither_kind_of_request_passes_for_the_other(es256, members):
    with pytest.raises(Refused) as refused:
        check_backchannel(es256.sign({"alg": "ES256"}, claims(**BACKCHANNEL | members)), es256)
    assert refused.value.reason is Reason.REQUEST_OBJECT_INVALID
