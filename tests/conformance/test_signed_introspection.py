"""RFC 9701: what is told about a token, signed.  The conformance suite has no module for it."""

import base64
import json

import pytest

JWT = "application/token-introspection+jwt"


@pytest.fixture
async def resource_server(bank):
    partner = type(bank.partner)(bank, "api_one")
    await bank.register(partner, grant_types=(), redirect_uris=())
    return partner


async def test_a_resource_server_gets_a_signed_answer(bank, resource_server):
    token = (await bank.partner.tokens())["access_token"]
    answer = await resource_server.post("/oauth/introspect", {"token": token}, {"accept": JWT})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == JWT
    assert answer.headers["cache-control"] == "no-store"
    header = json.loads(base64.urlsafe_b64decode(answer.text.split(".")[0] + "=="))
    assert header["typ"] == "token-introspection+jwt"
    claims = bank.claims(answer.text)
    # nothing that would let it pass for an access token: no top-level sub, exp or scope (RFC 9701 §5, §8.1)
    assert set(claims) == {"iss", "aud", "iat", "token_introspection"}
    assert (claims["iss"], claims["aud"]) == ("https://bank.example", "api_one")
    plain = await resource_server.post("/oauth/introspect", {"token": token})
    assert claims["token_introspection"] == plain.json()
    assert plain.json()["cnf"] == {"jkt": bank.partner.dpop.thumbprint()}


async def test_an_inactive_token_is_told_in_a_signed_answer_too(bank, resource_server):
    answer = await resource_server.post("/oauth/introspect", {"token": "nothing"}, {"accept": JWT})
    assert bank.claims(answer.text)["token_introspection"] == {"active": False}


async def test_a_signed_answer_is_no_token(bank, resource_server):
    token = (await bank.partner.tokens())["access_token"]
    signed = (await resource_server.post("/oauth/introspect", {"token": token}, {"accept": JWT})).text
    assert (await bank.partner.userinfo(signed)).status_code == 401
    answer = await resource_server.post("/oauth/introspect", {"token": signed})
    assert answer.json() == {"active": False}


async def test_errors_stay_json(resource_server):
    answer = await resource_server.post("/oauth/introspect", {}, {"accept": JWT})
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
