"""At the gateway: only what the consent names, and logins as strong and new as the call demands.  OWASP API1:2023; RFC 9470."""

import importlib.util
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("oauth_paying", Path(__file__).parent / "paying.py")
paying = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(paying)

TWO_FACTOR = "urn:ringfence:acr:two-factor"
ACCOUNTS = {"type": "accounts", "accounts": ["acc-1", "acc 2"]}


@pytest.fixture
async def shop(bank):
    return await paying.paying_bank(bank)


async def test_an_account_outside_the_consent_is_refused_at_the_gateway(shop) -> None:
    token = (await shop.tokens(ACCOUNTS))["access_token"]
    assert (await shop.call("GET", "/accounts/acc-1", token)).status_code == 201
    assert (await shop.call("GET", "/accounts/acc%202", token)).status_code == 201
    for other in ("acc-3", "acc-1%20", "ACC-1", "acc-", "acc-1,acc-3"):
        made = len(shop.upstream.made)
        answer = await shop.call("GET", f"/accounts/{other}", token)
        assert answer.status_code == 403, answer.text
        assert answer.json()["type"] == "urn:ringfence:problem:object-not-granted"
        assert answer.json()["errors"][0]["at"] == "path.id"
        assert len(shop.upstream.made) == made


async def test_a_consent_of_another_type_names_no_account(shop) -> None:
    token = (await shop.tokens(paying.payment()))["access_token"]
    assert (await shop.call("GET", "/accounts/acc-1", token)).status_code == 403


async def test_an_old_login_is_asked_to_be_renewed_and_a_new_one_will_do(shop) -> None:
    browser = shop.bank.browser()
    tokens = await shop.tokens(ACCOUNTS, browser=browser)
    assert (await shop.call("POST", "/limits", tokens["access_token"], {"amount": "50.00"})).status_code == 201
    shop.bank.clock.forward(301)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    again = (await shop.partner.token(form)).json()["access_token"]
    answer = await shop.call("POST", "/limits", again, {"amount": "50.00"})
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:ringfence:problem:authentication-insufficient"
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("DPoP ")
    assert 'error="insufficient_user_authentication"' in challenge
    assert 'max_age="300"' in challenge
    # what the challenge says is what the authorization server is asked for
    newer = await shop.tokens(ACCOUNTS, browser=browser, max_age="300")
    assert (await shop.call("POST", "/limits", newer["access_token"], {"amount": "50.00"})).status_code == 201


@pytest.mark.parametrize(("amount", "asked"), [("99.99", False), ("100", True), ("100.00", True), ("1e9", True)])
async def test_from_an_amount_on_the_login_must_be_stronger(bank, amount, asked) -> None:
    shop = await paying.paying_bank(bank)
    await bank.ports.records.remove_authenticator("user_mia")
    browser, uri = shop.bank.browser(), await shop.partner.pushed_uri(**paying.asking(ACCOUNTS))
    location = await browser.authorize(shop.partner.client_id, uri)
    code = paying.answered(location)["code"]
    weak = (await shop.partner.token(shop.partner.redemption(code))).json()["access_token"]
    answer = await shop.call("POST", "/limits", weak, {"amount": amount})
    if not asked:
        assert answer.status_code == 201, answer.text
        return
    assert answer.status_code == 401
    assert f'acr_values="{TWO_FACTOR}"' in answer.headers["www-authenticate"]
    assert "max_age" not in answer.headers["www-authenticate"]


async def test_a_strong_login_may_set_any_amount(shop) -> None:
    token = (await shop.tokens(ACCOUNTS, acr_values=TWO_FACTOR))["access_token"]
    assert (await shop.call("POST", "/limits", token, {"amount": "100000.00"})).status_code == 201


async def test_a_clients_own_token_has_no_login_at_all(shop) -> None:
    form = {"grant_type": "client_credentials", "scope": "accounts"}
    token = (await shop.partner.token(form)).json()["access_token"]
    assert (await shop.call("POST", "/limits", token, {"amount": "1.00"})).status_code in (401, 403)
