"""fapi2-message-signing-final-…: signed authorization requests (JAR) at the pushed authorization request endpoint."""

import importlib.util
import json
import secrets
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

_spec = importlib.util.spec_from_file_location("oauth_rich", Path(__file__).parent / "rich.py")
rich = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rich)

ISSUER = "https://bank.example"
MINUTE = 60


def jws(key: JWK, claims: dict, header: dict) -> str:
    token = JWS(json.dumps(claims).encode())
    token.allowed_algs = [header["alg"]]
    token.add_signature(key, None, json.dumps({k: v for k, v in header.items() if v is not None}), None)
    return token.serialize(compact=True)


def request_object(partner, key: JWK | None = None, header: dict | None = None, **changes) -> str:
    now = int(partner.bank.clock.now)
    claims = {
        "iss": partner.client_id,
        "aud": ISSUER,
        "jti": secrets.token_urlsafe(16),
        "iat": now,
        "nbf": now,
        "exp": now + 5 * MINUTE,
        **partner.request(),
    } | changes
    head = {"alg": "ES256", "typ": "oauth-authz-req+jwt", "kid": partner.key.kid} | (header or {})
    return jws(key or partner.key, {k: v for k, v in claims.items() if v is not None}, head)


async def push(partner, request: str, **outside):
    return await partner.post("/oauth/par", {"client_id": partner.client_id, "request": request} | outside)


async def refused(partner, request: str, *codes: str) -> None:
    answer = await push(partner, request)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] in (codes or ("invalid_request_object",))


async def authorized(partner, request: str, **outside) -> dict[str, list[str]]:
    answer = await push(partner, request, **outside)
    assert answer.status_code == 201, answer.text
    location = await partner.bank.browser().authorize(partner.client_id, answer.json()["request_uri"])
    return parse_qs(urlsplit(location).query)


@pytest.fixture
def partner(bank):
    return bank.partner


@pytest.mark.parametrize("typ", ["oauth-authz-req+jwt", "application/oauth-authz-req+jwt", "JWT", None])
async def test_happy_flow_with_a_signed_request(partner, typ):
    query = await authorized(partner, request_object(partner, header={"typ": typ}))
    assert query["state"] == ["the-state"]
    body = (await partner.token(partner.redemption(query["code"][0]))).json()
    assert partner.bank.claims(body["id_token"])["nonce"] == "the-nonce"
    assert body["scope"] == "openid accounts"


async def test_happy_flow_signed_by_rsa_and_by_ed25519(bank):
    for name, kind, alg in (
        ("rsa", {"kty": "RSA", "size": 2048}, "PS256"),
        ("ed", {"kty": "OKP", "crv": "Ed25519"}, "EdDSA"),
    ):
        partner = type(bank.partner)(bank, f"client_{name}")
        partner.key = JWK.generate(**kind, kid=f"{name}-key", alg=alg)
        partner.assertion = _assertion_with(partner, alg)
        await bank.register(partner)
        answer = await push(partner, request_object(partner, header={"alg": alg}))
        assert answer.status_code == 201, answer.text


def _assertion_with(partner, alg):
    made = type(partner).assertion
    return lambda: made(partner, header={"alg": alg})


async def test_ensure_request_object_with_multiple_aud_succeeds(partner):
    query = await authorized(partner, request_object(partner, aud=[ISSUER, "https://elsewhere.example"]))
    assert "code" in query


async def test_ensure_request_object_with_bad_aud_fails(partner):
    for aud in ("https://elsewhere.example", ["https://elsewhere.example"], f"{ISSUER}/oauth/par", f"{ISSUER}/", [], 1):
        await refused(partner, request_object(partner, aud=aud))
    await refused(partner, request_object(partner, aud=None))


async def test_ensure_request_object_without_exp_fails(partner):
    await refused(partner, request_object(partner, exp=None))


async def test_ensure_request_object_without_nbf_fails(partner):
    await refused(partner, request_object(partner, nbf=None))


async def test_ensure_expired_request_object_fails(partner):
    now = int(partner.bank.clock.now)
    await refused(partner, request_object(partner, nbf=now - 10 * MINUTE, exp=now - 5 * MINUTE))


async def test_ensure_request_object_with_exp_over_60_fails(partner):
    now = int(partner.bank.clock.now)
    await refused(partner, request_object(partner, exp=now + 70 * MINUTE))
    assert (await push(partner, request_object(partner, exp=now + 60 * MINUTE))).status_code == 201


async def test_ensure_request_object_with_nbf_over_60_fails(partner):
    now = int(partner.bank.clock.now)
    await refused(partner, request_object(partner, nbf=now - 70 * MINUTE))
    await refused(partner, request_object(partner, nbf=now - 70 * MINUTE, exp=now - 10 * MINUTE))


async def test_ensure_request_object_with_nbf_8_seconds_in_the_future_is_accepted(partner):
    now = int(partner.bank.clock.now)
    assert (await push(partner, request_object(partner, nbf=now + 8, iat=now + 8))).status_code == 201
    await refused(partner, request_object(partner, nbf=now + 61))
    await refused(partner, request_object(partner, iat=now + 61))


async def test_ensure_signed_request_object_with_rs256_fails(bank):
    partner = type(bank.partner)(bank, "client_rsa")
    partner.key = JWK.generate(kty="RSA", size=2048, kid="rsa-key", alg="PS256")
    partner.assertion = _assertion_with(partner, "PS256")
    await bank.register(partner)
    signed = request_object(partner, JWK(**{**partner.key.export(as_dict=True), "alg": "RS256"}), {"alg": "RS256"})
    await refused(partner, signed)


async def test_ensure_request_object_signature_algorithm_is_not_none(partner):
    header, payload, _ = request_object(partner).split(".")
    for alg in ("none", "None", "NONE"):
        unsigned = _b64({"alg": alg, "typ": "oauth-authz-req+jwt"})
        await refused(partner, f"{unsigned}.{payload}.")
    # the client's public key as an HMAC secret: the classic confusion
    secret = JWK(kty="oct", k=partner.key.export_public(as_dict=True)["x"])
    await refused(partner, request_object(partner, secret, {"alg": "HS256"}))
    await refused(partner, f"{header}.{payload}.")


async def test_ensure_request_object_with_invalid_signature_fails(partner):
    header, payload, signature = request_object(partner).split(".")
    await refused(partner, f"{header}.{payload}.{signature[::-1]}")
    await refused(partner, f"{header}.{_b64(partner.request() | {'aud': ISSUER})}.{signature}")


async def test_ensure_matching_key_in_authorization_request(partner):
    other = partner.bank.other
    # the second client's key, under its own kid and under the first client's
    for kid in (other.key.kid, partner.key.kid, None):
        await refused(
            partner, request_object(partner, other.key, {"kid": kid}), "invalid_request_object", "invalid_request"
        )


async def test_ensure_unsigned_request_at_par_endpoint_fails(bank):
    partner = type(bank.partner)(bank, "client_signing")
    await bank.register(partner, profile="fapi2-message-signing", require_signed_request_object=True)
    answer = await partner.push()
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert (await push(partner, request_object(partner))).status_code == 201


async def test_ensure_different_state_inside_and_outside_request_object(partner):
    query = await authorized(partner, request_object(partner), state="outside", scope="payments", prompt="none")
    assert query["state"] == ["the-state"]


async def test_ensure_different_nonce_inside_and_outside_request_object(partner):
    query = await authorized(partner, request_object(partner), nonce="outside")
    body = (await partner.token(partner.redemption(query["code"][0]))).json()
    assert partner.bank.claims(body["id_token"])["nonce"] == "the-nonce"


async def test_state_only_outside_request_object_not_used(partner):
    query = await authorized(partner, request_object(partner, state=None), state="outside")
    assert "state" not in query


async def test_ensure_request_object_without_redirect_uri_fails(partner):
    outside = {"redirect_uri": "https://partner.example/callback"}
    for more in ({}, outside):
        answer = await push(partner, request_object(partner, redirect_uri=None), **more)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("name", ["code_challenge", "response_type", "scope", "code_challenge_method"])
async def test_what_stands_outside_only_does_not_count(partner, name):
    answer = await push(partner, request_object(partner, **{name: None}), **{name: partner.request()[name]})
    assert answer.status_code == 400


async def test_par_authorization_request_containing_request_uri(partner):
    uri = "urn:ietf:params:oauth:request_uri:x"
    await refused(partner, request_object(partner, request_uri=uri))
    await refused(partner, request_object(partner, request=request_object(partner)))
    answer = await push(partner, request_object(partner), request_uri=uri)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "client_two"},
        {"iss": "client_two"},
        {"sub": "client_one"},
        {"state": True},
        {"state": None, "nonce": "n\x00"},
        {"max_age": 1.5},
        {f"p{n}": "x" for n in range(65)},
    ],
)
async def test_claims_that_are_refused(partner, changes):
    answer = await push(partner, request_object(partner, **changes))
    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_request_object", "invalid_request")


@pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "client-authentication+jwt", "token-introspection+jwt"])
async def test_a_jwt_made_for_something_else(partner, typ):
    await refused(partner, request_object(partner, header={"typ": typ}))


async def test_an_assertion_is_no_request_object_and_a_request_object_no_assertion(partner):
    await refused(partner, partner.assertion())
    form = partner.request() | {"client_assertion": request_object(partner)}
    answer = await partner.post("/oauth/par", form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("raw", ["e30.e30.", "x", "a.b.c.d.e", "..", "e30.e30.e30", "é.e30.e30"])
async def test_what_is_no_jwt(partner, raw):
    await refused(partner, raw)


async def test_numbers_and_structures_inside_are_read_as_parameters(partner):
    partner_browser = partner.bank.browser()
    answer = await push(partner, request_object(partner, max_age=0))
    page = await partner_browser.visit(partner.client_id, answer.json()["request_uri"])
    assert page.is_login


async def test_happy_flow_with_a_signed_rich_request(bank):
    """authorization_request_type=rar: inside a JWT the details are a list, not a text (RFC 9396 §3)."""
    partner = (await rich.rich_bank(bank)).partner
    wanted = rich.payment(urgent=True, reference='"quoted" & ü')
    query = await authorized(partner, request_object(partner, authorization_details=[wanted], scope=None))
    body = (await partner.token(partner.redemption(query["code"][0]))).json()
    assert body["authorization_details"] == [wanted]
    # outside it does not count
    query = await authorized(partner, request_object(partner), authorization_details=json.dumps([wanted]))
    assert "authorization_details" not in (await partner.token(partner.redemption(query["code"][0]))).json()
    answer = await push(partner, request_object(partner, authorization_details=[{"type": "loan"}]))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_authorization_details")


async def test_dpop_jkt_inside_binds_the_code(partner):
    other = partner.bank.other.dpop
    query = await authorized(partner, request_object(partner, dpop_jkt=other.thumbprint()))
    answer = await partner.token(partner.redemption(query["code"][0]))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    # ensure-mismatched-dpop-jkt-fails, with a proof beside the signed request
    form = {"client_id": partner.client_id, "request": request_object(partner, dpop_jkt=other.thumbprint())}
    answer = await partner.post("/oauth/par", form, {"dpop": partner.proof("/oauth/par")})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


async def test_the_authorization_endpoint_takes_no_request_object(partner):
    parameters = {"client_id": partner.client_id, "request": request_object(partner)}
    answer = await partner.bank.http.get("/oauth/authorize", params=parameters)
    assert answer.status_code == 400
    assert "location" not in answer.headers


def _b64(value: dict) -> str:
    token = JWS(json.dumps(value).encode())
    token.add_signature(JWK.generate(kty="oct", size=256), None, json.dumps({"alg": "HS256"}), None)
    return token.serialize(compact=True).split(".")[1]
