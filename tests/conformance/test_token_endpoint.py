"""fapi2-security-profile-final-…: what the token endpoint must refuse."""

import asyncio
import base64
import json
from collections import Counter

import pytest
from jwcrypto.jwk import JWK

DENIED = ("invalid_request", "invalid_grant", "invalid_dpop_proof")


async def test_attempt_reuse_authorization_code_after_one_second(bank):
    code = await bank.partner.code()
    first = (await bank.partner.token(bank.partner.redemption(code))).json()
    assert (await bank.partner.userinfo(first["access_token"])).status_code == 200
    bank.clock.forward(1)
    again = await bank.partner.token(bank.partner.redemption(code))
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    # the first access token and the refresh token are dead at once
    assert (await bank.partner.userinfo(first["access_token"])).status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    assert (await bank.partner.token(form)).json()["error"] == "invalid_grant"
    assert [event.why for event in bank.events.of("GrantRevoked")] == ["code replayed"]


async def test_ensure_authorization_code_is_bound_to_client(bank):
    code = await bank.partner.code()
    stolen = await bank.other.token(bank.other.redemption(code, code_verifier=bank.partner.verifier))
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    # the thief's attempt costs the owner nothing
    assert (await bank.partner.token(bank.partner.redemption(code))).status_code == 200
    late = await bank.other.token(bank.other.redemption(code, code_verifier=bank.partner.verifier))
    assert late.json()["error"] == "invalid_grant"
    assert not bank.events.of("GrantRevoked")


async def test_ensure_token_endpoint_fails_with_expired_auth_code(bank):
    code = await bank.partner.code()
    bank.clock.forward(62)
    answer = await bank.partner.token(bank.partner.redemption(code))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("verifier", [None, "a" * 43, "short", "ä" * 43])
async def test_ensure_pkce_code_verifier_required_and_incorrect_pkce_code_verifier_rejected(bank, verifier):
    code = await bank.partner.code()
    answer = await bank.partner.token(bank.partner.redemption(code, code_verifier=verifier))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("uri", [None, "https://partner.example/callback2"])
async def test_the_code_is_bound_to_the_redirect_uri(bank, uri):
    answer = await bank.partner.token(bank.partner.redemption(await bank.partner.code(), redirect_uri=uri))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_ensure_client_id_in_token_endpoint(bank):
    code = await bank.partner.code()
    answer = await bank.partner.token(bank.partner.redemption(code, client_id="client_two"))
    assert answer.json()["error"] in ("invalid_client", "invalid_grant")


async def test_ensure_holder_of_key_required(bank):
    answer = await bank.partner.token(bank.partner.redemption(await bank.partner.code()), proof=None)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize("how", ["dpop_jkt", "proof"])
async def test_ensure_token_endpoint_fails_with_mismatched_dpop_jkt(bank, how):
    changes = {"proof": True} if how == "proof" else {"dpop_jkt": bank.partner.dpop.thumbprint()}
    code = await bank.partner.code(**changes)
    other_key = bank.partner.proof("/oauth/token", key=bank.other.dpop)
    answer = await bank.partner.token(bank.partner.redemption(code), other_key)
    assert answer.status_code == 400
    assert answer.json()["error"] in DENIED
    assert (await bank.partner.token(bank.partner.redemption(code))).status_code == 200


def b64(value: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "claims",
    [
        {"jti": None},
        {"htm": None},
        {"htu": None},
        {"iat": None},
        {"htm": "PUT"},
        {"htu": "https://bank.example/oauth/par"},
        {"htu": "https://mtls.bank.example/oauth/token"},
        {"iat": 1_800_000_000 - 3600},
        {"iat": 1_800_000_000 + 3600},
    ],
)
async def test_dpop_negative_claims(bank, claims):
    code = await bank.partner.code()
    answer = await bank.partner.token(bank.partner.redemption(code), bank.partner.proof("/oauth/token", **claims))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize("fault", ["typ", "jwk", "private", "none", "signature", "garbage", "hs256"])
async def test_dpop_negative_headers(bank, fault):
    partner = bank.partner
    good = partner.proof("/oauth/token")
    header, payload, signature = good.split(".")
    proof = {
        "typ": lambda: partner.proof("/oauth/token", header={"typ": "jwt"}),
        "jwk": lambda: partner.proof("/oauth/token", header={"jwk": None}),
        "private": lambda: partner.proof("/oauth/token", header={"jwk": partner.dpop.export_private(as_dict=True)}),
        "none": lambda: f"{b64({'typ': 'dpop+jwt', 'alg': 'none'})}.{payload}.",
        "hs256": lambda: (
            f"{b64({'typ': 'dpop+jwt', 'alg': 'HS256', 'jwk': {'kty': 'oct', 'k': 'AAAA'}})}.{payload}.{signature}"
        ),
        "signature": lambda: f"{header}.{payload}.{'A' * len(signature)}",
        "garbage": lambda: "garbage",
    }[fault]()
    code = await partner.code()
    answer = await partner.token(partner.redemption(code), proof)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


async def test_two_dpop_headers_and_a_proof_used_twice(bank):
    partner = bank.partner
    code = await partner.code()
    form = partner.authenticated(partner.redemption(code))
    two = [("dpop", partner.proof("/oauth/token")), ("dpop", partner.proof("/oauth/token"))]
    answer = await bank.http.post("/oauth/token", data=form, headers=two)
    assert answer.json()["error"] == "invalid_dpop_proof"
    proof = partner.proof("/oauth/token")
    assert (await partner.token(partner.redemption(code), proof)).status_code == 200
    again = await partner.token({"grant_type": "client_credentials", "scope": "accounts"}, proof)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_dpop_proof")


async def test_an_assertion_works_once(bank):
    form = {"grant_type": "client_credentials", "scope": "accounts", "client_assertion": bank.partner.assertion()}
    assert (await bank.partner.token(form)).status_code == 200
    again = await bank.partner.token(form)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password", "username": "mia", "password": "right"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "x"}, "invalid_grant"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "client_credentials", "scope": "openid"}, "invalid_scope"),
        ({"grant_type": "client_credentials", "scope": "admin"}, "invalid_scope"),
    ],
)
async def test_refused_forms(bank, form, code):
    answer = await bank.partner.token(form)
    assert (answer.status_code, answer.json()["error"]) == (400, code)


async def test_a_client_uses_only_the_grant_types_that_it_registered(bank):
    partner = type(bank.partner)(bank, "client_narrow")
    await bank.register(partner, grant_types=("authorization_code",))
    answer = await partner.token({"grant_type": "client_credentials", "scope": "accounts"})
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    assert "refresh_token" not in await partner.tokens()


async def test_refreshed_scope_may_narrow_and_never_grows(bank):
    body = await bank.partner.tokens(scope="accounts payments")
    form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    narrow = await bank.partner.token(form | {"scope": "accounts"})
    assert bank.claims(narrow.json()["access_token"])["scope"] == "accounts"
    wide = await bank.partner.token(form | {"scope": "accounts profile"})
    assert (wide.status_code, wide.json()["error"]) == (400, "invalid_scope")
    assert (await bank.partner.token(form)).json()["scope"] == "accounts payments"


async def test_of_fifty_redemptions_of_one_code_one_wins(bank):
    code = await bank.partner.code()
    answers = await asyncio.gather(*(bank.partner.token(bank.partner.redemption(code)) for _ in range(50)))
    counted = Counter(answer.status_code for answer in answers)
    assert counted == {200: 1, 400: 49}
    # a code that came twice has leaked: what the winner got is worth nothing either
    winner = next(answer.json() for answer in answers if answer.status_code == 200)
    assert (await bank.partner.userinfo(winner["access_token"])).status_code == 401


async def test_of_fifty_uses_of_one_assertion_one_wins(bank):
    form = {"grant_type": "client_credentials", "scope": "accounts", "client_assertion": bank.partner.assertion()}
    answers = await asyncio.gather(*(bank.partner.token(form) for _ in range(50)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 49}


async def test_of_fifty_answers_to_one_request_one_wins(bank):
    browser = bank.browser()
    page = await browser.consent_page(bank.partner.client_id, await bank.partner.pushed_uri())
    form = page.hidden | {"decision": "allow"}
    answers = await asyncio.gather(*(browser.http.post(page.action, data=form) for _ in range(50)))
    assert Counter(answer.status_code for answer in answers) == {303: 1, 400: 49}
    assert len(await bank.ports.records.list_grants()) == 1


async def test_any_ec_or_rsa_or_ed25519_proof_key_is_taken(bank):
    for kind, alg in (({"kty": "RSA", "size": 2048}, "PS256"), ({"kty": "OKP", "crv": "Ed25519"}, "EdDSA")):
        key = JWK.generate(**kind)
        proof = bank.partner.proof("/oauth/token", key=key, header={"alg": alg})
        answer = await bank.partner.token({"grant_type": "client_credentials", "scope": "accounts"}, proof)
        assert answer.status_code == 200, answer.text
        assert bank.claims(answer.json()["access_token"])["cnf"] == {"jkt": key.thumbprint()}
