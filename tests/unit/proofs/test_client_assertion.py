import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ringfence.clock import Instant
from ringfence.problem import Reason, Refused
from ringfence.proofs.client_assertion import Assertion, peek_client_id, verify_client_assertion

NOW = Instant(1_760_000_000.0)
ISSUER = "https://as.bank.example"
CLIENT = "client_1"


def claims(**members: Any) -> dict[str, Any]:
    return {
        "iss": CLIENT,
        "sub": CLIENT,
        "aud": ISSUER,
        "jti": "assertion-1",
        "iat": int(NOW),
        "exp": int(NOW) + 60,
        **members,
    }


def check(raw: str, *signers: Any, **changes: Any) -> Assertion:
    arguments: dict[str, Any] = {
        "client_keys": {signer.public.kid: signer.public for signer in signers},
        "client_id": CLIENT,
        "issuer": ISSUER,
        "algorithms": ("ES256", "PS256", "EdDSA"),
        "now": NOW,
        "skew": 30.0,
    }
    return verify_client_assertion(raw, **{**arguments, **changes})


def test_an_assertion_of_each_algorithm_with_and_without_kid(signer):
    for header in ({"alg": signer.alg}, {"alg": signer.alg, "kid": signer.public.kid}):
        assertion = check(signer.sign(header, claims()), signer)
        assert (assertion.client_id, assertion.kid) == (CLIENT, signer.public.kid)
        assert len(assertion.replay_key) <= 64
        assert assertion.replay_until == NOW + 90


@pytest.mark.parametrize("typ", ["JWT", "jwt", "client-authentication+jwt", "application/client-authentication+jwt"])
def test_types_that_are_taken(es256, typ):
    assert check(es256.sign({"alg": "ES256", "typ": typ}, claims()), es256)


@pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "oauth-authz-req+jwt", None, 1, "logout+jwt"])
def test_a_jwt_made_for_something_else_is_refused(es256, refusal, typ):
    assert refusal(check, es256.sign({"alg": "ES256", "typ": typ}, claims()), es256) is Reason.ASSERTION_INVALID


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "client_2"},
        {"sub": "client_2"},
        {"iss": "client_2", "sub": "client_2"},
        {"sub": [CLIENT]},
        {"sub": None},
        {"aud": [ISSUER]},
        {"aud": [ISSUER, "https://evil.example"]},
        {"aud": ISSUER + "/"},
        {"aud": ISSUER + "/token"},
        {"aud": ISSUER + "/par"},
        {"aud": ISSUER.upper()},
        {"aud": None},
        {"aud": {"": ISSUER}},
        {"exp": int(NOW) - 30},
        {"exp": int(NOW) - 300},
        {"exp": int(NOW) + 631},
        {"exp": "soon"},
        {"exp": None},
        {"exp": True},
        {"exp": 10**30},
        {"nbf": int(NOW) + 62},
        {"iat": int(NOW) + 62},
        {"nbf": "now"},
        {"iat": [1]},
        {"jti": ""},
        {"jti": None},
        {"jti": 1},
        {"jti": "j" * 257},
    ],
)
def test_a_claim_that_does_not_fit_is_refused(es256, refusal, change):
    assert refusal(check, es256.sign({"alg": "ES256"}, claims(**change)), es256) is Reason.ASSERTION_INVALID


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "jti"])
def test_a_missing_claim_is_refused(es256, refusal, name):
    members = {key: value for key, value in claims().items() if key != name}
    assert refusal(check, es256.sign({"alg": "ES256"}, members), es256) is Reason.ASSERTION_INVALID


@pytest.mark.parametrize("change", [{"nbf": int(NOW) + 8}, {"iat": int(NOW) + 8}, {"exp": int(NOW) + 600}, {"x": 1}])
def test_what_has_to_be_taken(es256, change):
    assert check(es256.sign({"alg": "ES256"}, claims(**change)), es256)


def test_iat_may_be_absent(es256):
    members = {key: value for key, value in claims().items() if key != "iat"}
    assert check(es256.sign({"alg": "ES256"}, members), es256)


def test_keys_are_chosen_by_kid_or_as_the_only_one_of_the_alg(signers, refusal):
    es256, eddsa = signers["ES256"], signers["EdDSA"]
    raw = es256.sign({"alg": "ES256"}, claims())
    assert check(raw, es256, eddsa).kid == es256.public.kid
    assert refusal(check, raw, eddsa) is Reason.ASSERTION_INVALID
    assert refusal(check, raw) is Reason.ASSERTION_INVALID
    second = type(es256)("ES256", ec.generate_private_key(ec.SECP256R1()))
    two = {"a": es256.public, "b": second.public}
    assert refusal(check, raw, client_keys=two) is Reason.ASSERTION_INVALID
    assert check(es256.sign({"alg": "ES256", "kid": "a"}, claims()), client_keys=two)
    assert refusal(check, es256.sign({"alg": "ES256", "kid": "b"}, claims()), client_keys=two)


@pytest.mark.parametrize("kid", ["other", None, 1, ["key-ES256"], ""])
def test_an_unknown_kid_is_refused(es256, refusal, kid):
    assert refusal(check, es256.sign({"alg": "ES256", "kid": kid}, claims()), es256) is Reason.ASSERTION_INVALID


@pytest.mark.parametrize("alg", ["none", "HS256", "RS256", "PS256"])
@pytest.mark.parametrize("kid", [{}, {"kid": "key-ES256"}])
def test_the_registered_keys_algorithm_counts(es256, refusal, alg, kid):
    assert refusal(check, es256.sign({"alg": alg, **kid}, claims()), es256) is Reason.ASSERTION_INVALID


def test_rs256_with_the_registered_rsa_key_is_refused(signers, refusal):
    rsa = signers["PS256"]
    raw = type(rsa)("RS256", rsa.private).sign({"alg": "RS256", "kid": rsa.public.kid}, claims())
    assert refusal(check, raw, rsa) is Reason.ASSERTION_INVALID


def test_an_algorithm_that_is_not_taken_here_is_refused(es256, refusal):
    raw = es256.sign({"alg": "ES256"}, claims())
    assert refusal(check, raw, es256, algorithms=("PS256",)) is Reason.ASSERTION_INVALID
    assert refusal(check, raw, es256, algorithms=()) is Reason.ASSERTION_INVALID


def test_the_assertion_cannot_bring_its_key(es256, signers, refusal):
    attacker = type(es256)("ES256", ec.generate_private_key(ec.SECP256R1()))
    header = {"alg": "ES256", "jwk": attacker.jwk, "kid": es256.public.kid}
    assert refusal(check, attacker.sign(header, claims()), es256) is Reason.ASSERTION_INVALID


def test_another_clients_assertion_is_refused(es256, refusal):
    raw = es256.sign({"alg": "ES256"}, claims(iss="client_2", sub="client_2"))
    assert peek_client_id(raw) == "client_2"
    assert refusal(check, raw, es256) is Reason.ASSERTION_INVALID


def test_the_same_id_of_two_clients_is_two_things(es256):
    one = check(es256.sign({"alg": "ES256"}, claims()), es256)
    other = check(es256.sign({"alg": "ES256"}, claims(iss="c2", sub="c2")), es256, client_id="c2")
    assert one.replay_key != other.replay_key


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b'{"sub":1}', b'{"sub":""}', b'{"sub":"a","sub":"b"}'])
def test_peeking_refuses_what_is_no_assertion(es256, refusal, payload):
    assert refusal(peek_client_id, es256.sign({"alg": "ES256"}, payload)) is Reason.ASSERTION_INVALID


def test_a_claim_twice_is_refused(es256, refusal):
    twice = json.dumps(claims()).encode()[:-1] + b', "aud": "https://as.bank.example"}'
    assert refusal(check, es256.sign({"alg": "ES256"}, twice), es256) is Reason.ASSERTION_INVALID


def test_a_refusal_says_what_to_write_instead(es256):
    with pytest.raises(Refused, match="assertion-invalid") as caught:
        check(es256.sign({"alg": "ES256"}, claims(aud=[ISSUER])), es256)
    assert "issuer identifier, as a text" in caught.value.detail
