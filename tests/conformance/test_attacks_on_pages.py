"""Attacks on the pages: forged forms, planted cookies, open redirects, injected text."""

import pytest

from ringfence.oauth.cookies import BROWSER, KNOWN, SESSION

EVIL = "https://evil.example"


async def consent_page(bank, browser=None, **changes):
    browser = browser or bank.browser()
    return browser, await browser.consent_page(bank.partner.client_id, await bank.partner.pushed_uri(**changes))


async def test_every_page_is_locked_down(bank):
    browser, page = await consent_page(bank)
    login = await bank.browser().visit(bank.partner.client_id, await bank.partner.pushed_uri())
    error = await browser.visit("nobody", "nothing")
    for shown in (page, login, error):
        headers = shown.answer.headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["strict-transport-security"].startswith("max-age=")
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
        assert ("<script" in shown.text) == ("script-src" in headers["content-security-policy"]) == (shown is login)
        assert headers["x-correlation-id"]


async def test_cookies_cannot_be_read_or_planted(bank):
    browser = bank.browser()
    page = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri())
    seen = [response.headers.get_list("set-cookie") for response in (page.answer, *page.answer.history)]
    answer = await browser.http.post(page.action, data=page.hidden | {"username": "mia", "password": "right"})
    session, known = answer.headers.get_list("set-cookie")
    assert session.startswith(f"{SESSION}=")
    assert known.startswith(f"{KNOWN}=")
    assert "Max-Age" not in session
    for cookie in (session, known):
        for attribute in ("Path=/", "Secure", "HttpOnly", "SameSite=Lax"):
            assert attribute in cookie
        assert "Domain" not in cookie
    assert seen


@pytest.mark.parametrize("decision", ["allow", "deny", "switch"])
@pytest.mark.parametrize("token", ["", "0" * 64, "ü", "x"])
async def test_a_forged_form_decides_nothing(bank, decision, token):
    browser, page = await consent_page(bank)
    forged = page.hidden | {"form_token": token, "decision": decision}
    answer = await browser.http.post(page.action, data=forged)
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers
    assert not await bank.ports.records.list_grants()
    assert (await browser.submit(page, decision="allow")).answer.status_code == 303


async def test_a_form_of_another_browser_is_worth_nothing(bank):
    """Login CSRF and consent CSRF: the attacker's own valid form, sent by the victim's browser."""
    victim, page = await consent_page(bank)
    attacker, attackers_page = await consent_page(bank)
    answer = await victim.http.post(page.action, data=attackers_page.hidden | {"decision": "allow"})
    assert answer.status_code == 400
    uri = await bank.partner.pushed_uri()
    login = await bank.browser().visit(bank.partner.client_id, uri)
    answer = await victim.http.post(login.action, data=login.hidden | {"username": "mia", "password": "right"})
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers
    assert attacker


async def test_a_form_token_is_for_one_request_and_one_purpose(bank):
    browser, first = await consent_page(bank)
    _, second = await consent_page(bank, browser)
    assert second.is_consent
    crossed = second.hidden | {"form_token": first.hidden["form_token"], "decision": "allow"}
    assert (await browser.http.post(second.action, data=crossed)).status_code == 400
    login = await bank.browser().visit(bank.partner.client_id, await bank.partner.pushed_uri())
    assert (await browser.http.post(first.action, data=login.hidden | {"decision": "allow"})).status_code == 400


async def test_a_consent_page_of_before_a_switch_of_customers_is_worth_nothing(bank):
    from ringfence.store.model import User  # noqa: PLC0415 - only here

    await bank.ports.records.add_user(
        User(user_id="user_tom", username="tom", password_hash="right", created_at=bank.clock.now)
    )
    browser, mias = await consent_page(bank)
    switched = await browser.submit(mias, decision="switch")
    assert switched.is_login
    toms = await browser.log_in(switched, "tom")
    assert "tom" in toms.text
    assert (await browser.http.post(mias.action, data=mias.hidden | {"decision": "allow"})).status_code == 400
    assert (await browser.submit(toms, decision="allow")).answer.status_code == 303
    assert [grant.user_id for grant in await bank.ports.records.list_grants()] == ["user_tom"]


async def test_session_fixation(bank):
    """A session cookie from before the login is never the one after it, and the old one is ended."""
    browser = bank.browser()
    page = await browser.consent_page(bank.partner.client_id, await bank.partner.pushed_uri())
    before = browser.http.cookies[SESSION]
    bank.clock.forward(5)
    again = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri(prompt="login"))
    await browser.log_in(again)
    assert browser.http.cookies[SESSION] != before
    planted = bank.browser()
    planted.http.cookies.set(SESSION, before, domain="bank.example", path="/")
    assert (await planted.visit(bank.partner.client_id, await bank.partner.pushed_uri())).is_login
    assert page.is_consent


@pytest.mark.parametrize("name", [BROWSER, SESSION])
async def test_a_cookie_that_comes_twice_is_refused(bank, name):
    browser = bank.browser()
    page = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri())
    value = browser.http.cookies[BROWSER]
    headers = [("cookie", f"{name}={value}; {name}={'B' * 43}"), ("x-ringfence-peer", "1.1.1.1")]
    answer = await bank.http.post(page.action, data=page.hidden, headers=dict(headers))
    assert answer.status_code == 400


async def test_without_cookies_there_is_a_page_that_says_so(bank):
    uri = await bank.partner.pushed_uri()
    answer = await bank.http.get("/oauth/authorize", params={"client_id": bank.partner.client_id, "request_uri": uri})
    blocked = bank.client("198.51.100.9")
    page = await blocked.get(answer.headers["location"])
    assert page.status_code == 400
    assert "allow cookies" in page.text


async def test_a_ticket_of_another_browser_opens_no_page(bank):
    uri = await bank.partner.pushed_uri()
    params = {"client_id": bank.partner.client_id, "request_uri": uri}
    first, second = bank.browser(), bank.browser()
    mine = (await first.http.get("/oauth/authorize", params=params)).headers["location"]
    await second.http.get("/oauth/authorize", params=params)
    assert (await first.http.get(mine)).status_code == 200
    assert (await second.http.get(mine)).status_code == 400


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_form_that_another_site_sends_is_refused(bank, site):
    browser, page = await consent_page(bank)
    form = page.hidden | {"decision": "allow"}
    answer = await browser.http.post(page.action, data=form, headers={"sec-fetch-site": site})
    assert answer.status_code == 400
    ours = await browser.http.post(page.action, data=form, headers={"sec-fetch-site": "same-origin"})
    assert ours.status_code == 303


@pytest.mark.parametrize(
    "uri",
    [
        "https://partner.example/callback/../evil",
        "https://partner.example/callback#f",
        "https://partner.example/callback?x=1",
        "https://partner.example/callbac%6b",
        "https://partner.example:443/callback",
        "https://PARTNER.example/callback",
        "https://partner.example@evil.example/callback",
        "https://evil.example\\@partner.example/callback",
        "https://partner.example.evil.example/callback",
        "//partner.example/callback",
        "/callback",
        "javascript:alert(1)//https://partner.example/callback",
        "data:text/html,x",
        "http://partner.example/callback",
        "https://partner.example/callback\r\nset-cookie: a=b",
        "https://partner.example/callback ",
        "https://partner.example/callback\u2028",
        "https://[::1/callback",
        "https://partner.example:99999/callback",
        "http://127.0.0.1:1234/callback",
        "http://localhost/callback",
    ],
)
async def test_odd_redirect_uris_are_refused(bank, uri):
    answer = await bank.partner.push(redirect_uri=uri)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "http://partner.example/cb",
        "https://x@partner.example/cb",
        "https://partner.example/cb#f",
        "x",
    ],
)
async def test_even_a_registered_redirect_uri_must_be_one_that_we_redirect_to(bank, uri):
    partner = type(bank.partner)(bank, "client_sloppy")
    await bank.register(partner, redirect_uris=(uri,))
    assert (await partner.push(redirect_uri=uri)).status_code == 400


async def test_a_native_client_may_take_another_port_of_its_loopback_address(bank):
    partner = type(bank.partner)(bank, "client_native")
    await bank.register(partner, redirect_uris=("http://127.0.0.1/cb", "http://[::1]:80/cb?a=1"))
    for uri, status in (
        ("http://127.0.0.1:51000/cb", 201),
        ("http://[::1]:51000/cb?a=1", 201),
        ("http://127.0.0.1:51000/cb2", 400),
        ("http://127.0.0.2:51000/cb", 400),
        ("http://127.0.0.1:51000@evil.example/cb", 400),
        ("http://localhost:51000/cb", 400),
    ):
        assert (await partner.push(redirect_uri=uri)).status_code == status, uri


@pytest.mark.parametrize(
    "state", ["a\r\nset-cookie: x=y", "\r\n\r\n<script>", "a&code=evil&iss=evil", "a#b", "'\"><img>"]
)
async def test_state_cannot_break_out_of_the_redirect(bank, state):
    from urllib.parse import parse_qs, urlsplit  # noqa: PLC0415 - only here

    uri = await bank.partner.pushed_uri(state=state)
    location = await bank.browser().authorize(bank.partner.client_id, uri)
    parsed = urlsplit(location)
    found = parse_qs(parsed.query)
    assert "\r" not in location
    assert "\n" not in location
    assert parsed.fragment == ""
    assert found["state"] == [state]
    assert found["iss"] == ["https://bank.example"]
    assert len(found["code"]) == 1


async def test_names_cannot_inject_markup(bank):
    name = "<script>alert(1)</script>\u202e\u200b'\"&amp; {{ 7*7 }}"
    partner = type(bank.partner)(bank, "client_rude")
    await bank.register(partner, name=name)
    browser = bank.browser()
    login = await browser.visit(partner.client_id, await partner.pushed_uri())
    consent = await browser.log_in(login)
    for page in (login, consent):
        assert "<script>" not in page.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
        assert "\u202e" not in page.text
        assert "\u200b" not in page.text
        assert "{{ 7*7 }}" in page.text


async def test_what_is_typed_is_not_shown_again(bank):
    browser = bank.browser()
    login = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri())
    page = await browser.log_in(login, '"><script>alert(1)</script>', "hunter2")
    assert page.answer.status_code == 401
    assert "alert(1)" not in page.text
    assert "hunter2" not in page.text
    assert "hunter2" not in repr(bank.events.seen)


async def test_error_pages_show_nothing_of_the_url(bank):
    page = await bank.browser().visit("<b>x</b>", "<script>alert(1)</script>")
    assert page.answer.status_code == 400
    assert "alert(1)" not in page.text


async def test_guessing_is_slowed_and_the_owner_still_gets_in(bank):
    attacker = bank.browser("203.0.113.66")
    page = await attacker.visit(bank.partner.client_id, await bank.partner.pushed_uri())
    statuses = [(await attacker.log_in(page, "mia", f"guess{n}")).answer.status_code for n in range(8)]
    assert statuses == [401] * 5 + [429] * 3
    assert (await attacker.log_in(page)).answer.status_code == 429
    owner = bank.browser("198.51.100.1")
    login = await owner.visit(bank.partner.client_id, await bank.partner.pushed_uri())
    assert (await owner.log_in(login)).is_consent
    bank.clock.forward(13)
    assert (await attacker.log_in(page)).is_consent
    reasons = [event.reason for event in bank.events.of("LoginDecided")]
    assert reasons == ["login-failed"] * 5 + ["login-throttled"] * 4 + ["", ""]


async def test_addresses_of_one_ipv6_site_share_the_throttle(bank):
    statuses = []
    for n in range(7):
        browser = bank.browser(f"2001:db8:1:2::{n:x}")
        page = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri())
        statuses.append((await browser.log_in(page, "mia", "wrong")).answer.status_code)
    assert statuses == [401] * 5 + [429] * 2


@pytest.mark.parametrize("status", ["suspended", "revoked"])
async def test_a_client_that_is_stopped_is_stopped_everywhere(bank, status):
    browser = bank.browser()
    tokens = await bank.partner.tokens()
    uri = await bank.partner.pushed_uri()
    page = await browser.consent_page(bank.partner.client_id, uri)
    await bank.ports.records.set_client_status(bank.partner.client_id, status)
    assert (await bank.partner.push()).json()["error"] == "invalid_client"
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await bank.partner.token(form)).json()["error"] == "invalid_client"
    assert (await browser.submit(page, decision="allow")).answer.status_code == 401
    assert (await bank.partner.userinfo(tokens["access_token"])).status_code == 401


async def test_a_customer_who_is_disabled_is_stopped_everywhere(bank):
    browser = bank.browser()
    tokens = await bank.partner.tokens()
    page = await browser.consent_page(bank.partner.client_id, await bank.partner.pushed_uri())
    await bank.ports.records.set_user_status("user_mia", "disabled")
    assert (await browser.submit(page, decision="allow")).is_login
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await bank.partner.token(form)).json()["error"] == "invalid_grant"
    assert (await bank.partner.userinfo(tokens["access_token"])).status_code in (401, 403)
    login = await bank.browser().visit(bank.partner.client_id, await bank.partner.pushed_uri())
    assert (await browser.log_in(login)).answer.status_code == 400
    fresh = bank.browser()
    login = await fresh.visit(bank.partner.client_id, await bank.partner.pushed_uri())
    assert (await fresh.log_in(login)).answer.status_code == 401
