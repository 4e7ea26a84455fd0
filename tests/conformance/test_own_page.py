"""The page where customers withdraw what they allowed: only their own, only from their own browser, at once."""

import asyncio
import importlib.util
import re
from pathlib import Path

import pytest

from ringfence.store.blocks import grant_block
from ringfence.store.consent_states import ConsentState
from ringfence.store.interface import Admission
from ringfence.store.model import User

_spec = importlib.util.spec_from_file_location("oauth_rich", Path(__file__).parent / "rich.py")
rich = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rich)

PAGE = "/oauth/my/grants"


class Form:
    """One of the page's forms."""

    def __init__(self, text: str) -> None:
        self.action = re.search(r'action="([^"]*)"', text)[1]
        self.hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', text))


def forms(page) -> list[Form]:
    return [Form(text) for text in re.findall(r"<form.*?</form>", page.text, re.DOTALL)]


async def open_page(browser, username="mia"):
    page = await browser.follow(await browser.http.get(PAGE))
    if page.is_login:
        page = await browser.log_in(page, username)
    return page


async def send(browser, form: Form, headers=None, **fields):
    return await browser.http.post(form.action, data=form.hidden | fields, headers=headers or {})


async def withdraw_first(browser, page):
    return await send(browser, next(f for f in forms(page) if "grant" in f.hidden))


async def test_what_is_shown(bank):
    rar = await rich.rich_bank(bank)
    browser = rar.browser()
    tokens = await rar.partner.tokens(**rich.asking(rich.payment(), scope="openid accounts"))
    page = await open_page(browser)
    assert page.answer.status_code == 200
    for text in ("Mia Berg", "Partner client_rich", "Pay 123.50 EUR to Merchant A", "See your accounts", "15 January"):
        assert text in page.text
    assert f'id="{tokens["grant_id"]}-withdraw"' in page.text
    assert page.text.count("Last used") == 1 + len(await bank.ports.records.list_sessions("user_mia", bank.clock.now))
    assert "not known" not in page.text
    assert "<script" not in page.text
    policy = page.answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert page.answer.headers["cache-control"] == "no-store"


async def test_withdrawing_stops_tokens_at_the_next_call(bank):
    browser = bank.browser()
    tokens = await bank.partner.tokens(scope="openid accounts")
    answer = await withdraw_first(browser, await open_page(browser))
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    admitted = await bank.ports.fast.admit(Admission(blocks=(grant_block(tokens["grant_id"]),)), bank.clock.now)
    assert admitted.blocked == 0
    assert (await bank.partner.userinfo(tokens["access_token"])).status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await bank.partner.token(form)).json()["error"] == "invalid_grant"
    assert (await bank.ports.records.consent_of_grant(tokens["grant_id"])).state is ConsentState.REVOKED
    page = await open_page(browser)
    assert 'id="no-grants"' in page.text
    assert tokens["grant_id"] not in page.text
    assert bank.events.of("GrantRevoked")[-1].why == "withdrawn by the customer"


async def test_nobody_sees_or_withdraws_another_customers_grant(bank):
    tokens = await bank.partner.tokens()
    await bank.ports.records.add_user(
        User(user_id="user_leo", username="leo", password_hash="right", created_at=bank.clock.now)
    )
    browser = bank.browser()
    page = await open_page(browser, "leo")
    assert tokens["grant_id"] not in page.text
    (end,) = forms(page)
    (shown,) = [f for f in forms(await open_page(bank.browser())) if "grant" in f.hidden]
    # with the other customer's form, and with the own token in it
    assert (await send(browser, shown)).status_code == 400
    token = await own_withdraw_token(bank, browser)
    stolen = await browser.http.post(shown.action, data={"form_token": token, "grant": tokens["grant_id"]})
    assert stolen.status_code == 404
    assert (await bank.ports.records.grant(tokens["grant_id"])).revoked_at is None
    mine = await bank.ports.records.list_sessions("user_mia", bank.clock.now)
    foreign = await send(browser, end, session=mine[0].session_hash[:16])
    assert foreign.status_code == 404
    assert len(await bank.ports.records.list_sessions("user_mia", bank.clock.now)) == len(mine)


async def own_withdraw_token(bank, browser) -> str:
    """Let the customer of this browser allow something too, so that the page has a form for it."""
    await browser.authorize(bank.partner.client_id, await bank.partner.pushed_uri())
    return next(f.hidden["form_token"] for f in forms(await open_page(browser)) if "grant" in f.hidden)


@pytest.mark.parametrize("attack", ["no token", "wrong token", "another form's token", "cross-site", "in the URL"])
async def test_forged_forms_do_nothing(bank, attack):
    browser = bank.browser()
    tokens = await bank.partner.tokens()
    page = await open_page(browser)
    form = next(f for f in forms(page) if "grant" in f.hidden)
    headers = {}
    match attack:
        case "no token":
            del form.hidden["form_token"]
        case "wrong token":
            form.hidden["form_token"] = "0" * 64
        case "another form's token":
            form.hidden["form_token"] = next(f for f in forms(page) if "session" in f.hidden).hidden["form_token"]
        case "cross-site":
            headers["sec-fetch-site"] = "cross-site"
        case "in the URL":
            form.action += "?grant=" + tokens["grant_id"]
    answer = await send(browser, form, headers)
    assert answer.status_code == 400
    assert "text/html" in answer.headers["content-type"]
    assert (await bank.ports.records.grant(tokens["grant_id"])).revoked_at is None


async def test_a_login_form_of_another_browser_logs_nobody_in(bank):
    attacker, victim = bank.browser(), bank.browser()
    planted = await attacker.follow(await attacker.http.get(PAGE))
    await victim.http.get(PAGE)
    answer = await victim.http.post(planted.action, data=planted.hidden | {"username": "mia", "password": "right"})
    assert answer.status_code == 400
    assert not await bank.ports.records.list_sessions("user_mia", bank.clock.now)


async def test_a_wrong_password_shows_the_form_again_and_is_throttled(bank):
    browser = bank.browser()
    page = await browser.follow(await browser.http.get(PAGE))
    statuses = [(await browser.log_in(page, "mia", "wrong")).answer.status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]


async def test_a_form_of_before_the_session_ended_leads_to_the_login(bank):
    browser = bank.browser()
    tokens = await bank.partner.tokens()
    page = await open_page(browser)
    bank.clock.forward(901)
    answer = await withdraw_first(browser, page)
    assert answer.headers["location"] == PAGE
    assert (await browser.follow(answer)).is_login
    assert (await bank.ports.records.grant(tokens["grant_id"])).revoked_at is None


async def test_sessions_are_listed_and_ended(bank):
    agents = {
        "phone": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1",
        "desk": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0<script>",
    }
    phone, desk = bank.browser("198.51.100.8"), bank.browser()
    phone.http.headers["user-agent"], desk.http.headers["user-agent"] = agents["phone"], agents["desk"]
    await open_page(phone)
    page = await open_page(desk)
    assert "Safari on iPhone" in page.text
    assert 'Firefox on Linux <span class="tag">this one' in page.text
    assert "198.51.100.8" in page.text
    here, there = (
        re.search(rf"<section.{{0,200}}?{name}.*?</form>", page.text, re.DOTALL)[0]
        for name in ("Firefox on", "Safari on")
    )
    assert (await send(desk, Form(there))).status_code == 303
    assert (await phone.follow(await phone.http.get(PAGE))).is_login
    assert (await desk.follow(await send(desk, Form(here)))).is_login
    assert not await bank.ports.records.list_sessions("user_mia", bank.clock.now)
    assert [event.user for event in bank.events.of("SessionEnded")] == ["user_mia", "user_mia"]


def end_others(page) -> Form:
    return Form(re.search(r'<form id="end-others-form".*?</form>', page.text, re.DOTALL)[0])


async def test_all_other_sessions_end_at_once_and_nobody_elses(bank):
    ben = User(user_id="user_ben", username="ben", password_hash="right", name="Ben", created_at=bank.clock.now)
    await bank.ports.records.add_user(ben)
    stranger, here = bank.browser(), bank.browser()
    await open_page(stranger, "ben")
    assert 'id="end-others"' not in (await open_page(here)).text
    others = [bank.browser(f"198.51.100.{number}") for number in range(3)]
    for other in others:
        await open_page(other)
    form = end_others(await open_page(here))
    for forged in ({"form_token": "0" * 64}, {"form_token": ""}):
        assert (await send(here, form, **forged)).status_code == 400
    assert (await send(here, form, headers={"sec-fetch-site": "cross-site"})).status_code == 400
    assert len(await bank.ports.records.list_sessions("user_mia", bank.clock.now)) == 4
    page = await here.follow(await send(here, form))
    assert page.text.count('">this one</span>') == 1
    assert 'id="end-others"' not in page.text
    for other in others:
        assert (await other.follow(await other.http.get(PAGE))).is_login
    assert not (await stranger.follow(await stranger.http.get(PAGE))).is_login
    assert len(await bank.ports.records.list_sessions("user_ben", bank.clock.now)) == 1
    # once more: there is nothing to end, and nothing to tell
    assert (await send(here, form)).status_code == 303
    assert [event.user for event in bank.events.of("SessionEnded")] == ["user_mia"] * len(others)


async def test_of_fifty_who_end_the_others_at_once_no_more_than_one_stays(bank):
    browsers = [bank.browser(f"198.51.100.{number}") for number in range(6)]
    for browser in browsers:
        await open_page(browser)
    ending = [(browser, end_others(await open_page(browser))) for browser in browsers]
    await asyncio.gather(*(send(browser, form) for browser, form in ending * 8))
    left = [not (await browser.follow(await browser.http.get(PAGE))).is_login for browser in browsers]
    assert sum(left) <= 1  # two who end each other at once both go


async def test_markup_in_names_stays_text(bank):
    partner = type(bank.partner)(bank, "client_rude")
    await bank.register(partner, name='<script>alert(1)</script>"\u202e')
    await partner.tokens()
    page = await open_page(bank.browser())
    assert "<script" not in page.text
    assert "\u202e" not in page.text


async def test_fifty_withdrawals_at_once_are_one(bank):
    browser = bank.browser()
    await bank.partner.tokens()
    page = await open_page(browser)
    answers = await asyncio.gather(*(withdraw_first(browser, page) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {303}
    assert len(bank.events.of("GrantRevoked")) == 1
    assert [event.state for event in bank.events.of("ConsentMoved")].count("Revoked") == 1
