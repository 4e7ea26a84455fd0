import secrets

import msgspec
import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from ringfence.oauth.trusted_statements import compile_registration, overridden, vouched
from ringfence.problem import Reason, Refused

KEY = JWK.generate(kty="EC", crv="P-256", kid="d")
ISSUER = "https://directory.example"


def compiled(bank, **issuer):
    oauth = msgspec.to_builtins(bank.policy.oauth)
    rule = {"issuer": ISSUER, "jwks": {"keys": [KEY.export_public(as_dict=True)]}} | issuer
    oauth["registration"] = {"require": ["statement"], "statement_issuers": [rule]}
    return compile_registration(bank.with_policy(oauth=oauth).policy)


def statement(bank, **members) -> str:
    said = {
        "iss": ISSUER,
        "iat": int(bank.clock.now),
        "jti": secrets.token_hex(),
        "redirect_uris": ["https://a.example/"],
    }
    jws = JWS(msgspec.json.encode(said | members))
    jws.add_signature(KEY, None, '{"alg":"ES256","kid":"d"}', None)
    return jws.serialize(compact=True)


def test_without_registration_nobody_is_trusted(bank):
    assert compile_registration(bank.policy) is None


def test_keys_that_cannot_be_used_refuse_to_start(bank):
    for jwks in (
        {"keys": [KEY.export_private(as_dict=True)]},
        {"keys": [{"kty": "oct", "k": "AAAA", "kid": "d"}]},
        {"keys": [{k: v for k, v in KEY.export_public(as_dict=True).items() if k != "kid"}]},
    ):
        with pytest.raises(Refused) as refused:
            compiled(bank, jwks=jwks)
        assert refused.value.reason is Reason.POLICY_INVALID
        assert ISSUER in refused.value.detail
    with pytest.raises(Refused):
        compiled(bank, algorithms=["PS256"])
    with pytest.raises(Refused) as refused:
        compiled(bank, jwks="", jwks_uri="https://127.0.0.1/keys")
    assert "cannot be fetched" in refused.value.detail


async def test_what_a_statement_says_by_our_names(bank):
    rule = compiled(bank, claims={"client_name": "software_client_name"})
    raw = statement(
        bank, software_client_name="Kestrel", client_name="other", software_id="k", weight=1.5, tos_uri=None
    )
    found = await vouched(raw, rule, bank.ports.client_keys, bank.clock.now)
    assert found.software_id == "k"
    assert found.claims["client_name"] == "Kestrel"
    assert "tos_uri" not in found.claims
    msgspec.json.encode(found.claims)
    assert found.claims["weight"] == "1.5", "kept as JSON that every database takes"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (5, Reason.STATEMENT_INVALID),
        ("x.y.z", Reason.STATEMENT_INVALID),
        ("{'iss': 'https://evil.example'}", Reason.STATEMENT_UNAPPROVED),
    ],
)
async def test_statements_of_nobody(bank, raw, reason):
    if isinstance(raw, str) and raw.startswith("{"):
        raw = statement(bank, iss="https://evil.example")
    with pytest.raises(Refused) as refused:
        await vouched(raw, compiled(bank), bank.ports.client_keys, bank.clock.now)
    assert refused.value.reason is reason


async def test_what_it_has_to_say(bank):
    rule = compiled(bank, vouches_for=["redirect_uris", "jwks_uri"])
    with pytest.raises(Refused, match="statement-invalid") as refused:
        await vouched(statement(bank), rule, bank.ports.client_keys, bank.clock.now)
    assert "jwks_uri" in refused.value.detail
    with pytest.raises(Refused):
        await vouched(statement(bank, software_id=7), compiled(bank), bank.ports.client_keys, bank.clock.now)
    with pytest.raises(Refused):
        await vouched(statement(bank, software_id="a\x00"), compiled(bank), bank.ports.client_keys, bank.clock.now)


def test_what_comes_first():
    said = {"scope": "a b", "jwks": {"keys": []}, "jwks_uri": "https://mine.example", "client_name": "mine"}
    assert overridden(said, {"scope": "a"}) == said | {"scope": "a"}
    assert overridden(said, {"jwks_uri": "https://theirs.example"}) == {
        "scope": "a b",
        "client_name": "mine",
        "jwks_uri": "https://theirs.example",
    }
