"""A payment approved by a passkey: for this text alone, by its owner, once.  SCA RTS art. 4, 5; Web Authentication Level 3 §7.2."""

import asyncio
import importlib.util
import json
import re
from pathlib import Path

import pytest
from jwcrypto.jws import JWS

from ringfence.oauth.login_names import name_digest
from ringfence.proofs.passkey import user_handle
from ringfence.store.consent_states import ConsentState
from tests.soft_passkey import UP, SoftPasskey

_spec = importlib.util.spec_from_file_location("oauth_paying", Path(__file__).parent / "paying.py")
paying = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(paying)
asking, payment, order = paying.asking, paying.payment, paying.order


class Form:
    """One form of a page, with what it asks the browser for."""

    def __init__(self, text: str, name: str = "passkey-form") -> None:
        form = re.search(rf'<form id="{name}".*?</form>', text, re.DOTALL)[0]
        self.action = re.search(r'action="([^"]*)"', form)[1]
        self.asked = dict(re.findall(r'data-([a-z-]+)="([^"]*)"', form))
        self.hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form))

    async def send(self, browser, **fields):
        return await browser.http.post(self.action, data=self.hidden | fields)


@pytest.fixture
async def shop(bank):
    """A bank that takes payments, and Mia, who has a passkey and no authenticator."""
    made = bank.with_policy(oauth=paying.OAUTH, apis=[{"name": "bank", "versions": [paying.VERSION]}])
    made.partner = type(bank.partner)(made, "client_paying")
    await made.register(made.partner, authorization_details_types=("payment", "accounts"))
    return paying.Paying(made, None)


async def enrol(shop, browser) -> SoftPasskey:
    key = SoftPasskey("bank.example", "https://bank.example", handle=user_handle("user_mia"))
    page = await browser.follow(await browser.http.get("/oauth/my/grants"))
    if page.is_login:
        await browser.log_in(page)
    form = Form((await browser.http.get("/oauth/my/passkeys")).text)
    answer = await form.send(browser, credential=key.create(form.asked["challenge"]), name="Phone")
    assert answer.status_code in (200, 303), answer.text  # with the first one come recovery codes
    return key


@pytest.fixture
async def mia(shop):
    """Her browser, logged in, and her passkey."""
    browser = shop.bank.browser()
    return browser, await enrol(shop, browser)


async def at_the_payment(shop, browser, key, *details):
    """Return the page of a payment; who has a new passkey has to log in again first."""
    uri = await shop.partner.pushed_uri(**asking(*(details or (payment(),)), scope="openid"))
    page = await browser.visit(shop.partner.client_id, uri)
    if page.is_login:
        form = Form(page.text)
        page = await browser.follow(await form.send(browser, credential=key.get(form.asked["challenge"])))
    assert page.is_consent, page.text
    return page


def led_back(answer) -> bool:
    return answer.status_code == 303 and "code=" in answer.headers["location"]


async def test_the_passkey_approves_and_the_record_names_it(shop, mia) -> None:
    browser, key = mia
    page = await at_the_payment(shop, browser, key)
    form = Form(page.text)
    assert form.asked["verification"] == "required"
    assert form.asked["credentials"] == key.name
    assert 'id="code"' not in page.text
    answer = await form.send(browser, credential=key.get(form.asked["challenge"]))
    assert led_back(answer), answer.text
    code = paying.answered(answer.headers["location"])["code"]
    tokens = (await shop.partner.token(shop.partner.redemption(code))).json()
    (consent,) = await shop.consents()
    jws = JWS()
    jws.deserialize(consent.authentication_code)
    assert json.loads(jws.objects["payload"])["factor"] == "pop"
    assert (await shop.pay(tokens["access_token"], order())).status_code == 201


async def test_presence_alone_or_nothing_approves_no_payment(shop, mia) -> None:
    browser, key = mia
    form = Form((await at_the_payment(shop, browser, key)).text)
    answer = await form.send(browser, credential=key.get(form.asked["challenge"], flags=UP))
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    form = Form(answer.text)
    for fields in ({}, {"credential": ""}, {"credential": "{}"}, {"code": "000000"}):
        hidden = form.hidden.pop("credential", None)
        answer = await form.send(browser, **fields)
        form.hidden["credential"] = hidden
        assert answer.status_code == 401, fields
    assert [one.state for one in await shop.consents()] == [ConsentState.AWAITING]


async def test_a_challenge_is_of_one_payment(shop, mia) -> None:
    browser, key = mia
    small = Form((await at_the_payment(shop, browser, key, payment("1.00"))).text)
    large = Form((await at_the_payment(shop, browser, key, payment("999.00"))).text)
    answer = await large.send(browser, credential=key.get(small.asked["challenge"]))
    assert answer.status_code == 401
    # nor does the form of the small one lead to the large one
    answer = await small.send(browser, request=large.hidden["request"], credential=key.get(small.asked["challenge"]))
    assert not led_back(answer)
    assert {one.state for one in await shop.consents()} == {ConsentState.AWAITING}
    assert led_back(await small.send(browser, credential=key.get(small.asked["challenge"])))


async def test_the_challenge_of_a_login_approves_nothing(shop, mia) -> None:
    _, key = mia
    browser = shop.bank.browser()
    uri = await shop.partner.pushed_uri(**asking(payment(), scope="openid"))
    page = await browser.visit(shop.partner.client_id, uri)
    first = Form(page.text)
    page = await browser.follow(await first.send(browser, credential=key.get(first.asked["challenge"])))
    form = Form(page.text)
    assert (await form.send(browser, credential=key.get(first.asked["challenge"]))).status_code == 401
    assert led_back(await form.send(browser, credential=key.get(form.asked["challenge"])))


async def test_another_customers_passkey_approves_nothing(shop, mia) -> None:
    browser, key = mia
    form = Form((await at_the_payment(shop, browser, key)).text)
    for handle in (b"", user_handle("user_mia")):
        stranger = SoftPasskey("bank.example", "https://bank.example", handle=handle)
        answer = await form.send(browser, credential=stranger.get(form.asked["challenge"]))
        assert answer.status_code == 401
        form = Form(answer.text)
    refused = shop.bank.events.of("LoginDecided")[-1]
    assert (refused.allowed, refused.reason, refused.user) == (False, "passkey-invalid", "user_mia")
    assert refused.username_hash == name_digest("mia", shop.bank.server)


async def test_of_fifty_approvals_at_once_one_is_kept(shop, mia) -> None:
    browser, key = mia
    form = Form((await at_the_payment(shop, browser, key)).text)
    shown = key.get(form.asked["challenge"])
    answers = await asyncio.gather(*(form.send(browser, credential=shown) for _ in range(50)))
    assert sum(led_back(answer) for answer in answers) == 1
    assert [one.state for one in await shop.consents()] == [ConsentState.AUTHORISED]


async def test_who_has_both_may_use_either(bank) -> None:
    shop = await paying.paying_bank(bank)
    browser, page = await shop.consent_page(payment())
    key = await enrol(shop, browser)
    page = await at_the_payment(shop, browser, key)
    assert 'id="code"' in page.text
    code = await Form(page.text, "consent-form").send(browser, decision="allow", code=shop.code())
    assert led_back(code), code.text
    form = Form((await at_the_payment(shop, browser, key)).text)
    assert led_back(await form.send(browser, credential=key.get(form.asked["challenge"])))


async def test_denying_needs_no_passkey(shop, mia) -> None:
    browser, key = mia
    page = await at_the_payment(shop, browser, key)
    answer = await Form(page.text, "consent-form").send(browser, decision="deny")
    assert paying.answered(answer.headers["location"])["error"] == "access_denied"
