"""Clients of OAuth 2.1 send their requests through the browser, and are let off nothing else.  RFC 9700 §2.1."""

import msgspec
import pytest
from oauth_harness import CALLBACK, Bank

from tests.conformance.registration_partner import (
    error,
    newcomer,
    registered,
    registering,
)


@pytest.fixture
async def open_bank(bank: Bank) -> Bank:
    return registering(bank, "statement")


def front_channel(bank: Bank) -> Bank:
    oauth = msgspec.to_builtins(bank.policy.oauth)
    oauth["clients"]["profiles"] = ["fapi2", "fapi2-message-signing", "oauth2.1"]
    return bank.with_policy(oauth=oauth)


async def test_a_client_of_oauth_2_1_need_not_push(open_bank: Bank) -> None:
    bank = front_channel(open_bank)
    found = (await bank.http.get("/.well-known/oauth-authorization-server")).json()
    assert found["require_pushed_authorization_requests"] is False
    partner = newcomer(bank)
    body = await registered(bank, partner, profile="oauth2.1")
    assert (body["profile"], body["require_pushed_authorization_requests"]) == ("oauth2.1", False)
    browser = bank.browser()
    page = await browser.follow(await browser.http.get("/oauth/authorize", params=partner.request()))
    page = await browser.log_in(page)
    location = (await browser.submit(page, decision="allow")).answer.headers["location"]
    assert location.startswith(f"{CALLBACK}?code=")
    assert "iss=" in location
    code = location.partition("code=")[2].partition("&")[0]
    answer = await partner.token(partner.redemption(code))
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "DPoP"
    assert (await partner.push()).status_code == 201
    # what it is not let off: PKCE, its own redirect URI, a key, a bound token
    again = bank.browser("198.51.100.9")
    for changes in (
        {"code_challenge": None},
        {"code_challenge_method": "plain"},
        {"redirect_uri": "https://evil.example/cb"},
        {"redirect_uri": None},
        {"response_type": "token"},
        {"response_type": "code id_token"},
        {"scope": "openid root"},
        {"request": "x.y.z"},
        {"client_id": "nobody"},
        {"client_id": None},
    ):
        answer = await again.http.get("/oauth/authorize", params=partner.request(**changes))
        assert answer.status_code in (400, 401), changes
        assert answer.headers["content-type"].startswith("text/html")
    location = await browser.http.get("/oauth/authorize", params=partner.request())
    assert location.status_code == 303
    code = await partner.code(browser)
    error(await partner.token(partner.redemption(code), proof=None), 400, "invalid_dpop_proof")


async def test_other_clients_and_other_policies_still_push(open_bank: Bank) -> None:
    bank = front_channel(open_bank)
    fapi, loose = newcomer(bank), newcomer(bank)
    await registered(bank, fapi)
    await registered(bank, loose, profile="oauth2.1")
    assert (await bank.http.get("/oauth/authorize", params=fapi.request())).status_code == 400
    assert (await bank.http.get("/oauth/authorize", params=loose.request())).status_code == 303
    # once the policy has it no more
    assert (await open_bank.http.get("/oauth/authorize", params=loose.request())).status_code == 400
    await bank.ports.records.set_client_status(loose.client_id, "suspended")
    assert (await bank.http.get("/oauth/authorize", params=loose.request())).status_code == 401


async def test_a_network_cannot_fill_the_records_through_the_browser(open_bank: Bank) -> None:
    bank = front_channel(open_bank)
    partner = newcomer(bank)
    await registered(bank, partner, profile="oauth2.1")
    answers = [await bank.http.get("/oauth/authorize", params=partner.request()) for _ in range(35)]
    assert [a.status_code for a in answers].count(303) == 30
    assert answers[-1].status_code == 429
