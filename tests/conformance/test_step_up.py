"""Step-up: a client says how fresh and how strong the login must be, and tokens say how it was.  RFC 9470; OpenID Connect Core §3.1.2.1."""

import importlib.util
from pathlib import Path

ACR = "urn:ringfence:acr:password"

_spec = importlib.util.spec_from_file_location("oauth_rich", Path(__file__).parent / "rich.py")
rich = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rich)


async def test_tokens_say_when_and_how_the_customer_logged_in(bank):
    tokens = await bank.partner.tokens(acr_values=f"urn:other:gold {ACR}")
    access, identity = bank.claims(tokens["access_token"]), bank.claims(tokens["id_token"])
    assert access["acr"] == identity["acr"] == ACR
    assert access["auth_time"] == identity["auth_time"] == int(bank.clock.now)


async def test_a_class_that_no_login_reaches_is_refused_before_anybody_logs_in(bank):
    answer = await bank.partner.push(acr_values="urn:other:gold urn:other:silver")
    assert answer.status_code == 400
    assert answer.json()["error"] == "unmet_authentication_requirements"


async def test_the_classes_there_are_stand_in_the_metadata(bank):
    found = (await bank.http.get("/.well-known/openid-configuration")).json()
    assert ACR in found["acr_values_supported"]


async def test_max_age_makes_an_old_login_new_and_auth_time_says_so(bank):
    browser, start = bank.browser(), int(bank.clock.now)
    code = await bank.partner.code(browser)
    first = (await bank.partner.token(bank.partner.redemption(code))).json()
    assert bank.claims(first["access_token"])["auth_time"] == start
    bank.clock.forward(120)
    fresh_enough = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri(max_age="300"))
    assert fresh_enough.is_consent
    too_old = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri(max_age="60"))
    assert too_old.is_login
    page = await browser.log_in(too_old)
    location = (await browser.submit(page, decision="allow")).answer.headers["location"]
    second = (await bank.partner.token(bank.partner.redemption(rich.answered(location)["code"]))).json()
    assert bank.claims(second["access_token"])["auth_time"] == start + 120


async def test_a_refreshed_token_keeps_the_time_of_the_login(bank):
    tokens, start = await bank.partner.tokens(), int(bank.clock.now)
    bank.clock.forward(60)
    again = await bank.partner.token({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    assert bank.claims(again.json()["access_token"])["auth_time"] == start
