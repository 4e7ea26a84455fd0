from typing import Any

import pytest

from ringfence.clock import Instant
from ringfence.problem import Reason, Refused
from ringfence.proofs.software_statement import Statement, peek_issuer, verify_software_statement

NOW = Instant(1_760_000_000.0)
ISSUER = "https://directory.example"
US = "https://as.bank.example"


def claims(**members: Any) -> dict[str, Any]:
    said = {"iss": ISSUER, "iat": int(NOW), "jti": "s1", "redirect_uris": ["https://a.example/"], **members}
    return {name: value for name, value in said.items() if value is not None}


def check(raw: str, *signers: Any, **changes: Any) -> Statement:
    arguments: dict[str, Any] = {
        "issuer": ISSUER,
        "keys": {signer.public.kid: signer.public for signer in signers},
        "algorithms": ("ES256", "PS256", "EdDSA"),
        "audience": US,
        "max_age": 600.0,
        "now": NOW,
        "skew": 30.0,
    }
    return verify_software_statement(raw, **{**arguments, **changes})


def refusal(raw: str, *signers: Any, **changes: Any) -> str:
    with pytest.raises(Refused) as refused:
        check(raw, *signers, **changes)
    assert refused.value.reason is Reason.STATEMENT_INVALID
    return refused.value.detail


def test_a_statement_of_each_algorithm(signer) -> None:
    raw = signer.sign({"alg": signer.alg, "kid": signer.public.kid, "typ": "JWT"}, claims(exp=int(NOW) + 60))
    found = check(raw, signer)
    assert (found.issuer, found.claims) == (ISSUER, {"redirect_uris": ["https://a.example/"]})
    assert (found.counts_until, found.expires_at) == (NOW + 90, NOW + 60)
    assert peek_issuer(raw) == ISSUER


def test_how_long_it_counts_and_what_it_is_remembered_by(es256) -> None:
    one = check(es256.sign({"alg": "ES256"}, claims()), es256)
    assert (one.counts_until, one.expires_at) == (NOW + 630, None)
    again = check(es256.sign({"alg": "ES256"}, claims(software_id="x")), es256)
    assert again.statement_hash == one.statement_hash
    other = check(es256.sign({"alg": "ES256"}, claims(jti="s2")), es256)
    assert other.statement_hash != one.statement_hash


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"iss": "https://evil.example"}, "another's"),
        ({"aud": "https://other.example"}, "aud"),
        ({"aud": ["https://other.example"]}, "aud"),
        ({"iat": None}, "iat"),
        ({"iat": "1760000000"}, "iat"),
        ({"iat": int(NOW) + 31}, "future"),
        ({"nbf": int(NOW) + 31}, "future"),
        ({"iat": int(NOW) - 630}, "older"),
        ({"exp": int(NOW) - 30}, "expired"),
        ({"jti": None}, "jti"),
        ({"jti": "x" * 257}, "jti"),
        ({"jti": 7}, "jti"),
    ],
)
def test_claims_that_do_not_count(members: dict[str, Any], said: str, es256) -> None:
    assert said in refusal(es256.sign({"alg": "ES256"}, claims(**members)), es256)


def test_our_name_among_others_will_do(es256) -> None:
    for named in (US, ["https://other.example", US]):
        check(es256.sign({"alg": "ES256"}, claims(aud=named)), es256)


@pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "client-authentication+jwt", "oauth-authz-req+jwt", 5])
def test_other_kinds_of_jwt(typ: object, es256) -> None:
    assert "typ" in refusal(es256.sign({"alg": "ES256", "typ": typ}, claims()), es256)


def test_algorithms_and_keys(es256, signer) -> None:
    refusal(signer.sign({"alg": "none"}, claims()), signer)
    refusal(signer.sign({"alg": "HS256", "kid": signer.public.kid}, claims()), signer)
    refusal(es256.sign({"alg": "ES256", "kid": "unknown"}, claims()), es256)
    refusal(es256.sign({"alg": "ES256"}, claims()), es256, algorithms=("PS256",))
    refusal(es256.sign({"alg": "ES256", "crit": ["b64"]}, claims()), es256)
    refusal("a.b", es256)
