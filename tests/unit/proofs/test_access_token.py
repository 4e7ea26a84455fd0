import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.ids import token_hash
from ringfence.problem import Reason, Refused
from ringfence.proofs.access_token import AccessToken, check_current, check_key, verify_access_token
from ringfence.proofs.jwk import VerificationKey

NOW = Instant(1_760_000_000.0)
ISSUER = "https://as.bank.example"
AUDIENCE = "https://api.bank.example"
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "1"}

Read = Callable[..., AccessToken]


@pytest.fixture
def read(es256) -> Read:
    def with_keys(
        raw: str, keys: dict[str, VerificationKey] | None = None, now: float = NOW, issuer: str = ISSUER
    ) -> AccessToken:
        known = {"1": es256.public} if keys is None else keys
        return verify_access_token(raw, known.get, issuer=issuer, audience=AUDIENCE, now=Instant(now), skew=30.0)

    return with_keys


def without(members: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in members.items() if key not in names}


def test_a_customers_token(es256, read, token_claims):
    raw = es256.sign(HEADER, {**token_claims, "auth_time": int(NOW) - 5, "acr": "urn:sca", "unknown": {"a": 1}})
    token = read(raw)
    assert token == AccessToken(
        token_hash=token_hash(raw),
        jti="token_1",
        client_id="client_1",
        subject="user_1",
        user_id="user_1",
        scopes=frozenset({"accounts", "payments"}),
        grant_id="grant_1",
        issued_at=NOW,
        expires_at=Instant(NOW + 300),
        not_before=NOW,
        jkt=token_claims["cnf"]["jkt"],
        x5t_s256="",
        auth_time=Instant(NOW - 5),
        acr="urn:sca",
        kid="1",
    )
    with pytest.raises(AttributeError):
        token.user_id = "other"  # type: ignore[misc]


def test_who_acts_is_read_from_the_outside_to_the_inside(es256, read, token_claims):
    act = {"sub": "client_1", "act": {"sub": "client_2", "act": {"sub": "client_3"}}}
    token = read(es256.sign(HEADER, {**token_claims, "act": act, "sid": "sid_1"}))
    assert (token.actors, token.sid) == (("client_1", "client_2", "client_3"), "sid_1")


def _chain(*names: str) -> dict[str, Any]:
    first, *rest = names
    return {"sub": first} | ({"act": _chain(*rest)} if rest else {})


@pytest.mark.parametrize(
    "act", ["client_1", {}, {"sub": 1}, {"sub": "client_2"}, _chain(*["client_1"] * 5), {"sub": "client_1", "act": []}]
)
def test_a_chain_that_is_none(es256, read, token_claims, act):
    with pytest.raises(Refused) as refused:
        read(es256.sign(HEADER, {**token_claims, "act": act}))
    assert refused.value.reason is Reason.TOKEN_MALFORMED


def test_a_clients_own_token_has_no_user(es256, read, token_claims):
    members = without({**token_claims, "sub": "client_1"}, "grant_id", "scope")
    token = read(es256.sign(HEADER, members))
    assert (token.user_id, token.grant_id, token.scopes) == ("", "", frozenset())


def test_a_token_of_each_algorithm(signer, read, token_claims):
    raw = signer.sign({**HEADER, "alg": signer.alg}, token_claims)
    assert read(raw, {"1": signer.public}).jti == "token_1"


def test_both_ways_to_write_the_type(es256, read, token_claims):
    assert read(es256.sign({**HEADER, "typ": "application/at+jwt"}, token_claims))


@pytest.mark.parametrize("typ", ["JWT", "dpop+jwt", "", None, "at+jwt2", "secevent+jwt"])
def test_another_kind_of_jwt_is_no_access_token(es256, read, token_claims, refusal, typ):
    assert refusal(read, es256.sign({**HEADER, "typ": typ}, token_claims)) is Reason.TOKEN_MALFORMED


def test_no_type_is_refused(es256, read, token_claims, refusal):
    assert refusal(read, es256.sign(without(HEADER, "typ"), token_claims)) is Reason.TOKEN_MALFORMED


@pytest.mark.parametrize("alg", ["none", "HS256", "RS256", "PS256", "EdDSA"])
def test_the_keys_algorithm_counts(es256, read, token_claims, refusal, alg):
    assert refusal(read, es256.sign({**HEADER, "alg": alg}, token_claims)) is Reason.TOKEN_ALGORITHM


def test_hs256_under_the_public_key(hmac_signer, es256, read, token_claims, refusal):
    raw = hmac_signer(json.dumps(es256.jwk).encode()).sign({**HEADER, "alg": "HS256"}, token_claims)
    assert refusal(read, raw) is Reason.TOKEN_ALGORITHM


@pytest.mark.parametrize("kid", ["2", "", "../1", None, 1, ["1"], {"1": 1}, "1\0"])
def test_an_unknown_kid_is_refused(es256, read, token_claims, refusal, kid):
    assert refusal(read, es256.sign({**HEADER, "kid": kid}, token_claims)) is Reason.TOKEN_SIGNATURE


def test_without_kid_no_key_is_guessed(es256, read, token_claims, refusal):
    assert refusal(read, es256.sign(without(HEADER, "kid"), token_claims)) is Reason.TOKEN_SIGNATURE


def test_the_token_cannot_bring_its_key(signers, vectors, read, token_claims, refusal):
    attacker = type(signers["ES256"])("ES256", _new_key())
    for extra in (
        {"jwk": attacker.jwk},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": ["AA=="]},
    ):
        assert refusal(read, attacker.sign({**HEADER, **extra}, token_claims)) is Reason.TOKEN_SIGNATURE


def _new_key() -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    return ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"iss": "https://other.example"}, Reason.TOKEN_ISSUER),
        ({"iss": ISSUER + "/"}, Reason.TOKEN_ISSUER),
        ({"iss": [ISSUER]}, Reason.TOKEN_ISSUER),
        ({"iss": None}, Reason.TOKEN_ISSUER),
        ({"aud": "https://other.example"}, Reason.TOKEN_AUDIENCE),
        ({"aud": ["https://other.example"]}, Reason.TOKEN_AUDIENCE),
        ({"aud": []}, Reason.TOKEN_AUDIENCE),
        ({"aud": {AUDIENCE: 1}}, Reason.TOKEN_AUDIENCE),
        ({"aud": AUDIENCE + "2"}, Reason.TOKEN_AUDIENCE),
        ({"aud": None}, Reason.TOKEN_AUDIENCE),
        ({"exp": int(NOW)}, Reason.TOKEN_EXPIRED),
        ({"exp": int(NOW) - 1}, Reason.TOKEN_EXPIRED),
        ({"exp": 0}, Reason.TOKEN_EXPIRED),
        ({"iat": int(NOW) + 31}, Reason.TOKEN_NOT_YET_VALID),
        ({"nbf": int(NOW) + 31}, Reason.TOKEN_NOT_YET_VALID),
        ({"exp": str(int(NOW) + 300)}, Reason.TOKEN_MALFORMED),
        ({"exp": True}, Reason.TOKEN_MALFORMED),
        ({"exp": None}, Reason.TOKEN_MALFORMED),
        ({"exp": 10**40}, Reason.TOKEN_MALFORMED),
        ({"exp": 10**4000}, Reason.TOKEN_MALFORMED),
        ({"exp": -1}, Reason.TOKEN_MALFORMED),
        ({"exp": [int(NOW) + 300]}, Reason.TOKEN_MALFORMED),
        ({"iat": "now"}, Reason.TOKEN_MALFORMED),
        ({"nbf": "now"}, Reason.TOKEN_MALFORMED),
        ({"auth_time": "now"}, Reason.TOKEN_MALFORMED),
        ({"sub": ""}, Reason.TOKEN_MALFORMED),
        ({"sub": 1}, Reason.TOKEN_MALFORMED),
        ({"client_id": ["client_1"]}, Reason.TOKEN_MALFORMED),
        ({"jti": None}, Reason.TOKEN_MALFORMED),
        ({"scope": ["accounts"]}, Reason.TOKEN_MALFORMED),
        ({"grant_id": 1}, Reason.TOKEN_MALFORMED),
        ({"acr": 1}, Reason.TOKEN_MALFORMED),
        ({"cnf": {"jkt": "short"}}, Reason.TOKEN_MALFORMED),
        ({"cnf": {"jkt": "A" * 43, "x5t#S256": 1}}, Reason.TOKEN_MALFORMED),
        ({"cnf": {"jkt": 1}}, Reason.TOKEN_MALFORMED),
        ({"cnf": {}}, Reason.TOKEN_NOT_BOUND),
        ({"cnf": None}, Reason.TOKEN_NOT_BOUND),
        ({"cnf": "jkt"}, Reason.TOKEN_NOT_BOUND),
        ({"cnf": {"jkt": ""}}, Reason.TOKEN_NOT_BOUND),
        ({"cnf": {"jkt": None}}, Reason.TOKEN_NOT_BOUND),
        ({"cnf": {"kid": "1", "jwk": {}}}, Reason.TOKEN_NOT_BOUND),
    ],
)
def test_what_is_wrong_has_its_own_reason(es256, read, token_claims, refusal, change, reason):
    assert refusal(read, es256.sign(HEADER, {**token_claims, **change})) is reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("iss", Reason.TOKEN_ISSUER),
        ("aud", Reason.TOKEN_AUDIENCE),
        ("exp", Reason.TOKEN_MALFORMED),
        ("iat", Reason.TOKEN_MALFORMED),
        ("sub", Reason.TOKEN_MALFORMED),
        ("client_id", Reason.TOKEN_MALFORMED),
        ("jti", Reason.TOKEN_MALFORMED),
        ("cnf", Reason.TOKEN_NOT_BOUND),
    ],
)
def test_what_is_missing_has_its_own_reason(es256, read, token_claims, refusal, name, reason):
    assert refusal(read, es256.sign(HEADER, without(token_claims, name))) is reason


def test_a_claim_twice_is_refused(es256, read, token_claims, refusal):
    twice = json.dumps(token_claims).encode()[:-1] + b', "aud": "https://api.bank.example"}'
    assert refusal(read, es256.sign(HEADER, twice)) is Reason.TOKEN_MALFORMED


def test_what_is_wrong_is_told_only_to_whoever_has_a_genuine_token(es256, read, token_claims, refusal):
    header, payload, _ = es256.sign(HEADER, {**token_claims, "exp": 1}).split(".")
    assert refusal(read, f"{header}.{payload}.{'A' * 86}") is Reason.TOKEN_SIGNATURE


def test_a_token_for_several_audiences_and_both_bindings(es256, read, token_claims):
    members = {**token_claims, "aud": ["x", AUDIENCE], "cnf": {"jkt": "A" * 43, "x5t#S256": "B" * 43}}
    token = read(es256.sign(HEADER, members))
    assert (token.jkt, token.x5t_s256) == ("A" * 43, "B" * 43)


def test_skew_is_for_the_future_only(es256, read, token_claims):
    assert read(es256.sign(HEADER, {**token_claims, "iat": int(NOW) + 30, "nbf": int(NOW) + 30}))


def test_a_remembered_token_expires(es256, read, token_claims, refusal):
    token = read(es256.sign(HEADER, token_claims))
    check_current(token, Instant(NOW + 299.9), skew=30.0)
    assert refusal(check_current, token, Instant(NOW + 300), skew=30.0) is Reason.TOKEN_EXPIRED
    assert refusal(check_current, token, Instant(NOW - 31), skew=30.0) is Reason.TOKEN_NOT_YET_VALID


def test_the_token_is_a_plain_value(es256, read, token_claims):
    token = read(es256.sign(HEADER, token_claims))
    assert msgspec.structs.replace(token, acr="x") != token


def test_a_key_that_is_withdrawn_takes_its_tokens_with_it(es256, read, token_claims):
    token = read(es256.sign(HEADER, token_claims))
    check_key(token, {"1": es256}.get)
    with pytest.raises(Refused) as caught:
        check_key(token, {"2": es256}.get)
    assert caught.value.reason is Reason.TOKEN_REVOKED
