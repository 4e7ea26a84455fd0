"""fapi2-message-signing-final-… with fapi_response_mode=jarm: signed authorization responses."""

from urllib.parse import parse_qs, urlsplit

import pytest

ISSUER = "https://bank.example"


def opened(bank, location: str) -> dict:
    """Return the claims of the sole parameter of a redirect."""
    query = parse_qs(urlsplit(location).query, keep_blank_values=True)
    query = {name: values for name, values in query.items() if not name.startswith("dummy")}
    assert set(query) == {"response"}
    assert len(query["response"]) == 1
    claims = bank.claims(query["response"][0])
    assert claims["iss"] == ISSUER
    assert claims["aud"] == bank.partner.client_id
    assert bank.clock.now < claims["exp"] <= bank.clock.now + 600
    return claims


@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
async def test_happy_flow_with_a_signed_response(bank, mode):
    partner = bank.partner
    location = await bank.browser().authorize(partner.client_id, await partner.pushed_uri(response_mode=mode))
    claims = opened(bank, location)
    assert set(claims) == {"iss", "aud", "exp", "code", "state"}
    assert claims["state"] == "the-state"
    assert (await partner.token(partner.redemption(claims["code"]))).status_code == 200


async def test_happy_flow_with_a_query_of_the_redirect_uri(bank):
    partner = bank.partner
    callback = "https://partner.example/callback?dummy1=lorem&dummy2=ipsum"
    uri = await partner.pushed_uri(response_mode="jwt", redirect_uri=callback, state="s" * 128)
    location = await bank.browser().authorize(partner.client_id, uri)
    assert location.startswith(callback + "&response=")
    assert opened(bank, location)["state"] == "s" * 128


async def test_user_rejects_authentication(bank):
    uri = await bank.partner.pushed_uri(response_mode="jwt")
    location = await bank.browser().authorize(bank.partner.client_id, uri, "deny")
    claims = opened(bank, location)
    assert (claims["error"], claims["state"]) == ("access_denied", "the-state")
    assert "code" not in claims


async def test_ensure_authorization_request_without_state_success(bank):
    uri = await bank.partner.pushed_uri(response_mode="jwt", state=None)
    assert "state" not in opened(bank, await bank.browser().authorize(bank.partner.client_id, uri))


async def test_an_error_without_a_page_is_signed_too(bank):
    uri = await bank.partner.pushed_uri(response_mode="jwt", prompt="none")
    page = await bank.browser().visit(bank.partner.client_id, uri)
    assert opened(bank, page.answer.headers["location"])["error"] == "login_required"


async def test_a_client_of_the_message_signing_profile_gets_nothing_unsigned(bank):
    partner = type(bank.partner)(bank, "client_jarm")
    await bank.register(partner, response_modes=("jwt",))
    answer = await partner.push(response_mode="query")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    location = await bank.browser().authorize(partner.client_id, await partner.pushed_uri())
    assert set(parse_qs(urlsplit(location).query)) == {"response"}


async def test_a_signed_response_passes_for_no_token(bank):
    partner = bank.partner
    uri = await partner.pushed_uri(response_mode="jwt")
    location = await bank.browser().authorize(partner.client_id, uri)
    response = parse_qs(urlsplit(location).query)["response"][0]
    assert (await partner.userinfo(response)).status_code == 401
    answer = await partner.post("/oauth/introspect", {"token": response})
    assert answer.json() == {"active": False}
