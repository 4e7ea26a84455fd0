"""At the gateway: only what the consent names, and logins as strong and new as the call demands.  OWASP API1:2023; RFC 9470."""

import base64
import importlib.util
import json
from pathlib import Path

import pytest

from ringfence.app.oauth import block_again
from ringfence.clock import Instant
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Admission
from ringfence.store.measures import superseded_mark

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


async def test_accounts_that_the_customer_takes_away_are_closed_to_tokens_of_before_with_the_next_call(shop):
    """The customer decides anew in the same second as tokens are issued: the old ones end, the new ones begin."""
    both = {"type": "accounts", "accounts": ["acc-1", "acc-2"]}
    first = await shop.tokens(both)
    old = first["access_token"]
    assert (await shop.call("GET", "/accounts/acc-2", old)).status_code == 201
    change = {"grant_management_action": "replace", "grant_id": first["grant_id"]}
    tokens = await shop.tokens({"type": "accounts", "accounts": ["acc-1"]}, **change)
    new = tokens["access_token"]
    assert tokens["grant_id"] == first["grant_id"]
    for account in ("acc-1", "acc-2"):
        refused = await shop.call("GET", f"/accounts/{account}", old)
        assert refused.json()["type"] == "urn:ringfence:problem:token-revoked"
    assert (await shop.call("GET", "/accounts/acc-1", new)).status_code == 201
    assert (await shop.call("GET", "/accounts/acc-2", new)).json()["type"] == "urn:ringfence:problem:object-not-granted"
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    renewed = (await shop.partner.token(refresh)).json()["access_token"]
    assert (await shop.call("GET", "/accounts/acc-1", renewed)).status_code == 201
    gone = await shop.partner.token({"grant_type": "refresh_token", "refresh_token": first["refresh_token"]})
    assert gone.json()["error"] == "invalid_grant"
    assert (await shop.partner.userinfo(old)).status_code == 401
    assert (await shop.partner.userinfo(new)).status_code == 200


async def test_what_the_customer_took_away_stays_away_when_the_fast_state_is_lost(shop, tmp_path):
    first = await shop.tokens({"type": "accounts", "accounts": ["acc-1", "acc-2"]})
    change = {"grant_management_action": "replace", "grant_id": first["grant_id"]}
    second = await shop.tokens({"type": "accounts", "accounts": ["acc-1"]}, **change)
    fresh = LmdbState(tmp_path / "fresh")
    now = Instant(shop.bank.clock.now)
    await block_again(shop.bank.ports.records, fresh, 300, now)

    async def superseded(body) -> int:
        claims = json.loads(base64.urlsafe_b64decode(body["access_token"].split(".")[1] + "=="))
        asked = Admission(superseded=(superseded_mark(body["grant_id"]),), issued_at=Instant(claims["iat"]))
        return (await fresh.admit(asked, now)).superseded

    assert [await superseded(first), await superseded(second)] == [0, -1]
    fresh.close()


async def test_accounts_that_the_customer_adds_leave_the_tokens_of_before_as_they_are(shop):
    first = await shop.tokens({"type": "accounts", "accounts": ["acc-1"]})
    change = {"grant_management_action": "merge", "grant_id": first["grant_id"]}
    await shop.tokens({"type": "accounts", "accounts": ["acc-2"]}, **change)
    assert (await shop.call("GET", "/accounts/acc-1", first["access_token"])).status_code == 201


async def test_a_token_that_was_issued_while_the_customer_decided_ends_too(shop):
    """Its request began before the decision was kept, in the second after the decision."""
    both = {"type": "accounts", "accounts": ["acc-1", "acc-2"]}
    first = await shop.tokens(both)
    kept = shop.bank.ports.records.authorise_consent
    late = {}

    async def slow(*given):
        shop.bank.clock.forward(1)
        refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        late.update((await shop.partner.token(refresh)).json())
        return await kept(*given)

    shop.bank.ports.records.authorise_consent = slow
    change = {"grant_management_action": "replace", "grant_id": first["grant_id"]}
    tokens = await shop.tokens({"type": "accounts", "accounts": ["acc-1"]}, **change)
    refused = await shop.call("GET", "/accounts/acc-2", late["access_token"])
    assert refused.json()["type"] == "urn:ringfence:problem:token-revoked"
    assert (await shop.call("GET", "/accounts/acc-1", tokens["access_token"])).status_code == 201
