"""Authenticators and recovery codes, and who tries to do without.  RFC 6238 §5.2; RFC 9470."""

import asyncio
import base64
import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

TWO_FACTOR = "urn:ringfence:acr:two-factor"
PASSWORD = "urn:ringfence:acr:password"


class Authenticator:
    """A customer's app, and the recovery codes on paper."""

    def __init__(self, bank, secret: str) -> None:
        self.bank = bank
        self.totp = TOTP(base64.b32decode(secret), 6, SHA1(), 30)
        self.recovery: list[str] = []

    def code(self, ahead: float = 0) -> str:
        return self.totp.generate(int(self.bank.clock.now + ahead)).decode()


async def own_login(browser, **fields):
    page = await browser.follow(await browser.http.get("/oauth/my/grants"))
    return await browser.submit(page, username="mia", password="right", **fields)


async def page_of(browser):
    return await browser.follow(await browser.http.get("/oauth/my/authenticator"))


@pytest.fixture
async def app(bank) -> Authenticator:
    """Mia enrols on her own page."""
    browser = bank.browser()
    await own_login(browser)
    page = await page_of(browser)
    app = Authenticator(bank, page.hidden["secret"])
    done = await browser.submit(page, code=app.code(), password="right")
    app.recovery = re.findall(r"<li><code>([a-z2-7-]{19})</code>", done.text)
    bank.clock.forward(30)
    return app


async def test_enrolment_shows_the_key_and_ten_codes_once(bank, app) -> None:
    assert len(app.recovery) == 10
    (event,) = bank.events.of("AuthenticatorEnrolled")
    assert event.user == "user_mia"
    kept = await bank.ports.records.user("user_mia")
    assert base64.b32encode(bank.ports.sealer.unseal(kept.totp_secret, "user_mia")).decode() not in kept.totp_secret
    browser = bank.browser()
    await own_login(browser, code=app.code())
    page = await page_of(browser)
    assert 'id="enrolled"' in page.text
    assert "authenticator-secret" not in page.text


async def test_the_link_of_the_page_is_the_key_of_the_form(bank) -> None:
    browser = bank.browser()
    await own_login(browser)
    page = await page_of(browser)
    uri = html.unescape(re.search(r'href="(otpauth:[^"]*)"', page.text)[1])
    assert parse_qs(urlsplit(uri).query)["secret"] == [page.hidden["secret"]]
    again = await page_of(browser)
    assert again.hidden["secret"] != page.hidden["secret"]


async def test_a_login_then_needs_the_code(bank, app) -> None:
    page = await bank.browser().consent_page("client_one", await bank.partner.pushed_uri())
    assert page.is_second_step
    assert page.answer.status_code == 401
    assert "Code of your authenticator" in page.text
    page = await bank.browser().submit(page, code=app.code())  # another browser
    assert not page.is_consent
    assert bank.events.of("LoginDecided")[-1].reason == "second-factor"


async def logged_in(bank, code: str) -> bool:
    browser = bank.browser()
    page = await browser.visit("client_one", await bank.partner.pushed_uri())
    return (await browser.submit(page, username="mia", password="right", code=code)).is_consent


async def test_a_code_works_once_and_none_before_it(bank, app) -> None:
    code = app.code()
    assert await logged_in(bank, f" {code[:3]} {code[3:]} ")
    assert not await logged_in(bank, code)
    assert not await logged_in(bank, app.code(-30))
    assert await logged_in(bank, app.code(30))
    assert not await logged_in(bank, app.code())


async def test_the_code_of_the_enrolment_is_used(bank, app) -> None:
    assert not await logged_in(bank, app.code(-30))


async def test_a_right_code_does_not_help_a_wrong_password(bank, app) -> None:
    browser = bank.browser()
    page = await browser.visit("client_one", await bank.partner.pushed_uri())
    answer = await browser.submit(page, username="mia", password="wrong", code=app.code())
    assert answer.is_login
    assert await logged_in(bank, app.code())  # and is not spent by it


async def test_a_recovery_code_works_once(bank, app) -> None:
    assert await logged_in(bank, app.recovery[0].upper())
    assert not await logged_in(bank, app.recovery[0])
    assert await logged_in(bank, app.recovery[1])
    assert not await logged_in(bank, "aaaa-aaaa-aaaa-aaaa")


@pytest.mark.parametrize("kind", ["code", "recovery"])
async def test_of_fifty_parallel_logins_with_one_code_one_wins(bank, app, kind) -> None:
    code = app.code() if kind == "code" else app.recovery[0]

    async def at_the_login(number: int):
        browser = bank.browser(f"198.51.100.{number}")
        return browser, await browser.visit("client_one", await bank.partner.pushed_uri())

    ready = [await at_the_login(number) for number in range(50)]
    attempts = (browser.submit(page, username="mia", password="right", code=code) for browser, page in ready)
    answers = await asyncio.gather(*attempts)
    # a database too slow for fifty at once would tell nothing about the code
    assert {answer.answer.status_code for answer in answers} <= {200, 401, 429}
    assert sum(answer.is_consent for answer in answers) == 1


async def test_guessing_codes_is_slowed_for_the_customer_whatever_the_network(bank, app) -> None:
    for i in range(10):
        browser = bank.browser(f"198.51.100.{i}")
        page = await browser.visit("client_one", await bank.partner.pushed_uri())
        answer = await browser.submit(page, username="mia", password="right", code=f"{i:06}")
        assert answer.answer.status_code == 401
    browser = bank.browser("198.51.100.99")
    page = await browser.visit("client_one", await bank.partner.pushed_uri())
    answer = await browser.submit(page, username="mia", password="right", code=app.code())
    assert answer.answer.status_code == 429
    bank.clock.forward(600)
    assert await logged_in(bank, app.code())


async def test_a_session_of_before_the_enrolment_is_worth_nothing_after_it(bank) -> None:
    old, browser = bank.browser(), bank.browser()
    assert (await old.consent_page("client_one", await bank.partner.pushed_uri())).is_consent
    await own_login(browser)
    page = await page_of(browser)
    await browser.submit(page, code=Authenticator(bank, page.hidden["secret"]).code(), password="right")
    assert (await old.visit("client_one", await bank.partner.pushed_uri())).is_login


async def test_enrolment_needs_password_code_and_our_own_form(bank) -> None:
    browser = bank.browser()
    await own_login(browser)
    page = await page_of(browser)
    app = Authenticator(bank, page.hidden["secret"])
    for fields, status in (
        ({"code": app.code(), "password": "wrong"}, 401),
        ({"code": "000000", "password": "right"}, 401),
        ({"password": "right"}, 401),
        ({"code": app.code(), "password": "right", "secret": "AAAA"}, 400),
        ({"code": app.code(), "password": "right", "form_token": "0" * 64}, 400),
    ):
        answer = await browser.http.post(page.action, data=page.hidden | fields)
        assert answer.status_code == status, fields
    cross = {"sec-fetch-site": "cross-site"}
    fields = page.hidden | {"code": app.code(), "password": "right"}
    assert (await browser.http.post(page.action, data=fields, headers=cross)).status_code == 400
    assert (await bank.browser().http.post(page.action, data=fields)).status_code in (303, 400)
    assert (await bank.ports.records.user("user_mia")).totp_secret == ""


async def test_an_attacker_with_the_session_cannot_replace_an_authenticator(bank, app) -> None:
    browser = bank.browser()
    await own_login(browser, code=app.code())
    page = await page_of(browser)
    before = await bank.ports.records.user("user_mia")
    answer = await browser.http.post(
        "/oauth/my/enrol", data={"secret": "A" * 32, "code": "1", "password": "right", "form_token": "x"}
    )
    assert answer.status_code == 400
    assert (await bank.ports.records.user("user_mia")).totp_secret == before.totp_secret
    assert page.hidden == {}


async def tokens_with(bank, code: str, **changes):
    browser = bank.browser()
    page = await browser.visit("client_one", await bank.partner.pushed_uri(**changes))
    page = await browser.submit(page, username="mia", password="right", **({"code": code} if code else {}))
    if page.is_consent:
        page = await browser.submit(page, decision="allow")
    return parse_qs(urlsplit(page.answer.headers["location"]).query)


async def test_the_class_of_the_login_reaches_every_token(bank, app) -> None:
    answer = await tokens_with(bank, app.code(), acr_values=TWO_FACTOR)
    tokens = (await bank.partner.token(bank.partner.redemption(answer["code"][0]))).json()
    refreshed = (
        await bank.partner.token({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    ).json()
    for token in (tokens["access_token"], tokens["id_token"], refreshed["access_token"], refreshed["id_token"]):
        assert bank.claims(token)["acr"] == TWO_FACTOR
    assert bank.claims(tokens["id_token"])["amr"] == ["pwd", "otp", "mfa"]


async def test_who_has_no_authenticator_does_not_reach_what_is_asked_for(bank) -> None:
    answer = await tokens_with(bank, "", acr_values=TWO_FACTOR)
    assert answer["error"] == ["unmet_authentication_requirements"]
    assert answer["state"] == ["the-state"]
    answer = await tokens_with(bank, "", acr_values=f"{TWO_FACTOR} {PASSWORD}")
    tokens = (await bank.partner.token(bank.partner.redemption(answer["code"][0]))).json()
    assert bank.claims(tokens["access_token"])["acr"] == PASSWORD


async def test_a_stronger_login_than_asked_for_will_do(bank, app) -> None:
    assert "code" in await tokens_with(bank, app.code(), acr_values=PASSWORD)
