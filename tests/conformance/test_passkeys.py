"""Passkeys at the pages: made, used alone and after the password, and who tries with another's.  Web Authentication Level 3 §7, §13."""

import asyncio
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from ringfence.oauth.cookies import SESSION
from ringfence.proofs.passkey import user_handle
from ringfence.store.model import User
from tests.soft_passkey import UP, SoftPasskey

PAGE = "/oauth/my/passkeys"
PASSKEY = "urn:ringfence:acr:phishing-resistant"
TWO_FACTOR = "urn:ringfence:acr:two-factor"
RP = ("bank.example", "https://bank.example")


class Form:
    """One form of a page, with what it asks the browser for."""

    def __init__(self, page, name: str) -> None:
        text = re.search(rf'<form id="{name}".*?</form>', page.text, re.DOTALL)[0]
        self.action = re.search(r'action="([^"]*)"', text)[1]
        self.asked = dict(re.findall(r'data-([a-z-]+)="([^"]*)"', text))
        self.hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', text))

    async def send(self, browser, headers=None, **fields):
        return await browser.http.post(self.action, data=self.hidden | fields, headers=headers or {})


async def log_in(browser, **fields):
    page = await browser.follow(await browser.http.get("/oauth/my/grants"))
    return await browser.submit(page, **({"username": "mia", "password": "right"} | fields))


async def open_page(browser):
    return await browser.follow(await browser.http.get(PAGE))


def soft(user_id: str = "user_mia", **changes) -> SoftPasskey:
    return SoftPasskey(*RP, handle=user_handle(user_id), **changes)


async def add(browser, key: SoftPasskey, **fields):
    form = Form(await open_page(browser), "passkey-form")
    return await form.send(browser, credential=key.create(form.asked["challenge"]), **fields)


@pytest.fixture
async def key(bank) -> SoftPasskey:
    """Mia's passkey; `bank.recovery` are her codes."""
    browser = bank.browser()
    await log_in(browser)
    made = soft()
    answer = await add(browser, made, name="My phone")
    assert answer.status_code == 200, answer.text
    bank.recovery = re.findall(r"<li><code>([a-z2-7-]{19})</code>", answer.text)
    return made


async def with_passkey(bank, key, browser=None, **options):
    """Log in at a client's request with a passkey alone."""
    browser = browser or bank.browser()
    page = await browser.visit("client_one", await bank.partner.pushed_uri())
    form = Form(page, "passkey-form")
    return await browser.follow(await form.send(browser, credential=key.get(form.asked["challenge"], **options)))


async def second_step(bank, browser=None, **changes):
    """Type the password at a client's request; return the browser and the page that wants more."""
    browser = browser or bank.browser()
    page = await browser.visit("client_one", await bank.partner.pushed_uri(**changes))
    page = await browser.submit(page, username="mia", password="right")
    assert page.is_second_step, page.text
    return browser, page


async def tokens_of(bank, browser, page) -> dict:
    page = await browser.submit(page, decision="allow")
    code = parse_qs(urlsplit(page.answer.headers["location"]).query)["code"][0]
    return (await bank.partner.token(bank.partner.redemption(code))).json()


# made


async def test_the_first_passkey_brings_recovery_codes_once(bank, key) -> None:
    assert len(bank.recovery) == 10
    (kept,) = await bank.ports.records.list_passkeys("user_mia")
    assert (kept.name, kept.credential_id, kept.user_id) == ("My phone", key.name, "user_mia")
    (event,) = bank.events.of("PasskeyChanged")
    assert (event.user, event.added, event.left) == ("user_mia", True, 1)
    assert key.name not in repr(event)
    browser = bank.browser()
    await with_passkey(bank, key, browser)
    answer = await add(browser, soft())
    assert answer.status_code == 303
    page = await open_page(browser)
    assert 'id="codes-left">10 codes are left' in page.text


async def test_what_the_page_asks_the_browser_for(bank, key) -> None:
    browser = bank.browser()
    await with_passkey(bank, key, browser)
    asked = Form(await open_page(browser), "passkey-form").asked
    assert asked["rp"] == "bank.example"
    assert asked["verification"] == "required"
    assert asked["credentials"] == key.name
    assert "mia" not in asked["user-handle"]
    again = Form(await open_page(browser), "passkey-form").asked
    assert again["challenge"] != asked["challenge"]
    login = Form(await bank.browser().visit("client_one", await bank.partner.pushed_uri()), "passkey-form").asked
    assert login["credentials"] == ""  # names nobody's passkeys to a stranger


async def test_a_login_of_long_ago_does_not_change_how_to_log_in(bank, key) -> None:
    browser = bank.browser()
    await with_passkey(bank, key, browser)
    page = await open_page(browser)
    form = Form(page, "passkey-form")
    remove = Form(page, re.search(r'id="(passkey-[0-9a-f]{16}-remove-form)"', page.text)[1])
    bank.clock.forward(301)
    assert (await open_page(browser)).is_login
    assert 'id="login-form"' in (await form.send(browser, credential=soft().create(form.asked["challenge"]))).text
    assert 'id="login-form"' in (await remove.send(browser, confirmed="yes")).text
    assert [one.credential_id for one in await bank.ports.records.list_passkeys("user_mia")] == [key.name]
    page = await open_page(browser)
    form = Form(page, "passkey-form")
    answer = await form.send(browser, credential=key.get(form.asked["challenge"]))
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)


@pytest.mark.parametrize("case", ["twice", "other browser", "late", "of the login", "other key's id", "cross-site"])
async def test_a_new_passkey_needs_its_own_fresh_challenge(bank, key, case) -> None:
    browser, headers = bank.browser(), {}
    await with_passkey(bank, key, browser)
    form, other = Form(await open_page(browser), "passkey-form"), soft()
    challenge, expected = form.asked["challenge"], 401
    match case:
        case "twice":
            assert (await form.send(browser, credential=soft().create(challenge))).status_code == 303
        case "other browser":
            second = bank.browser()
            await with_passkey(bank, key, second)
            challenge = Form(await open_page(second), "passkey-form").asked["challenge"]
        case "late":
            bank.clock.forward(299)
            page = await browser.visit("client_one", await bank.partner.pushed_uri(prompt="login"))
            login = Form(page, "passkey-form")
            await login.send(browser, credential=key.get(login.asked["challenge"]))
            fresh = Form(await open_page(browser), "passkey-form")
            bank.clock.forward(1)
            form.hidden = fresh.hidden
        case "of the login":
            page = await bank.browser().visit("client_one", await bank.partner.pushed_uri())
            challenge = Form(page, "passkey-form").asked["challenge"]
        case "other key's id":
            other.credential_id, expected = key.credential_id, 409
        case "cross-site":
            headers, expected = {"sec-fetch-site": "cross-site"}, 400
    before = await bank.ports.records.list_passkeys("user_mia")
    answer = await form.send(browser, headers, credential=other.create(challenge))
    assert answer.status_code == expected
    assert await bank.ports.records.list_passkeys("user_mia") == before


async def test_of_fifty_answers_to_one_challenge_one_is_kept(bank, key) -> None:
    browser = bank.browser()
    await with_passkey(bank, key, browser)
    form = Form(await open_page(browser), "passkey-form")
    sent = [form.send(browser, credential=soft().create(form.asked["challenge"])) for _ in range(50)]
    assert sorted(answer.status_code for answer in await asyncio.gather(*sent)) == [303] + [401] * 49
    assert len(await bank.ports.records.list_passkeys("user_mia")) == 2


# used alone


async def test_a_passkey_alone_logs_in_and_its_class_reaches_every_token(bank, key) -> None:
    browser = bank.browser()
    page = await with_passkey(bank, key, browser)
    assert page.is_consent
    tokens = await tokens_of(bank, browser, page)
    for token in (tokens["access_token"], tokens["id_token"]):
        assert bank.claims(token)["acr"] == PASSKEY
    assert bank.claims(tokens["id_token"])["amr"] == ["pop", "mfa"]
    event = bank.events.of("LoginDecided")[-1]
    assert (event.allowed, event.user, event.acr) == (True, "user_mia", PASSKEY)


async def test_presence_alone_is_not_enough_without_the_password(bank, key) -> None:
    page = await with_passkey(bank, key, flags=UP)
    assert page.is_login
    assert page.answer.status_code == 401
    assert bank.events.of("LoginDecided")[-1].reason == "passkey-invalid"


@pytest.mark.parametrize("change", ["handle of another", "no handle", "not registered", "disabled", "evil origin"])
async def test_who_is_not_let_in(bank, key, change) -> None:
    options, used = {}, key
    match change:
        case "handle of another":
            key.handle = user_handle("user_tom")
        case "no handle":
            key.handle = b""
        case "not registered":
            used = soft()
        case "disabled":
            await bank.ports.records.set_user_status("user_mia", "disabled")
        case "evil origin":
            options = {"origin": "https://bank.example.evil.example"}
    page = await with_passkey(bank, used, **options)
    assert page.is_login
    assert page.answer.status_code == 401


async def test_a_challenge_is_of_one_browser_one_request_and_one_use(bank, key) -> None:
    browser = bank.browser()
    first = Form(await browser.visit("client_one", await bank.partner.pushed_uri()), "passkey-form")
    second = Form(await browser.visit("client_one", await bank.partner.pushed_uri()), "passkey-form")
    attacker = bank.browser()
    planted = Form(await attacker.visit("client_one", await bank.partner.pushed_uri()), "passkey-form")
    # what the victim signed for the attacker's page is worth nothing on the victim's own, nor the other way round
    for form, challenge in ((first, second.asked["challenge"]), (first, planted.asked["challenge"])):
        assert (await form.send(browser, credential=key.get(challenge))).status_code == 401
    assert (await planted.send(attacker, credential=key.get(first.asked["challenge"]))).status_code == 401
    signed = key.get(first.asked["challenge"])
    assert (await first.send(browser, credential=signed)).status_code == 303
    assert (await first.send(browser, credential=signed)).status_code != 303


async def test_of_fifty_uses_of_one_challenge_one_logs_in(bank, key) -> None:
    browser = bank.browser()
    form = Form(await browser.visit("client_one", await bank.partner.pushed_uri()), "passkey-form")
    signed = key.get(form.asked["challenge"])
    answers = await asyncio.gather(*(form.send(browser, credential=signed) for _ in range(25)))
    assert sum(answer.status_code == 303 for answer in answers) == 1


async def test_a_challenge_lives_five_minutes(bank, key) -> None:
    browser = bank.browser()
    form = Form(await browser.visit("client_one", await bank.partner.pushed_uri()), "passkey-form")
    bank.clock.forward(299)
    signed = key.get(form.asked["challenge"])
    bank.clock.forward(1)
    answer = await form.send(browser, credential=signed)
    assert answer.status_code == 401
    assert "grown old" in answer.text


async def test_a_challenge_that_we_did_not_make_is_none(bank, key) -> None:
    browser = bank.browser()
    form = Form(await browser.visit("client_one", await bank.partner.pushed_uri()), "passkey-form")
    good = form.asked["challenge"]
    for forged in ("A" * 75, good[:-1] + ("A" if good[-1] != "A" else "E"), "B" + good[1:], ""):
        assert (await form.send(browser, credential=key.get(forged))).status_code == 401


async def test_a_count_that_goes_back_is_refused_and_told(bank, key) -> None:
    key.count = 9
    assert (await with_passkey(bank, key)).is_consent
    for count in (9, 8, 0):
        key.count = count
        assert (await with_passkey(bank, key)).answer.status_code == 401
        event = bank.events.of("PasskeyRegressed")[-1]
        assert (event.user, event.seen, event.shown) == ("user_mia", 9, count)
    key.count = 10
    assert (await with_passkey(bank, key)).is_consent
    assert len(bank.events.of("PasskeyRegressed")) == 3


# used after the password


async def test_after_the_password_the_passkey_is_wanted(bank, key) -> None:
    browser, page = await second_step(bank)
    form = Form(page, "passkey-form")
    assert form.asked["credentials"] == key.name
    assert form.asked["verification"] == "preferred"
    assert bank.events.of("LoginDecided")[-1].reason == "second-factor"
    answer = await form.send(browser, credential=key.get(form.asked["challenge"], flags=UP))
    page = await browser.follow(answer)
    assert page.is_consent
    assert bank.claims((await tokens_of(bank, browser, page))["id_token"])["acr"] == PASSKEY


async def test_a_recovery_code_stands_in_for_the_passkey_once(bank, key) -> None:
    for expected in (True, False):
        browser, page = await second_step(bank)
        assert (await browser.submit(page, code=bank.recovery[0])).is_consent is expected
    assert len((await bank.ports.records.user("user_mia")).recovery_codes.split()) == 9


@pytest.mark.parametrize("attack", ["another's passkey", "other browser", "other request", "late", "twice", "forged"])
async def test_the_second_step_is_of_one_customer_one_browser_and_once(bank, key, attack) -> None:
    browser, page = await second_step(bank)
    form, used = Form(page, "passkey-form"), key
    match attack:
        case "another's passkey":
            await bank.ports.records.add_user(
                User(user_id="user_tom", username="tom", password_hash="right", created_at=bank.clock.now)
            )
            tom = bank.browser()
            await log_in(tom, username="tom")
            used = soft("user_tom")
            assert (await add(tom, used)).status_code == 200
        case "other browser":
            _, page = await second_step(bank)
            form.hidden["passed"] = Form(page, "passkey-form").hidden["passed"]
        case "other request":
            _, page = await second_step(bank, browser)
            form.hidden["passed"] = Form(page, "passkey-form").hidden["passed"]
        case "late":
            bank.clock.forward(300)
        case "twice":
            wrong = key.get("A" * 75)
            assert (await form.send(browser, credential=wrong)).status_code == 401
        case "forged":
            form.hidden["passed"] = "user_mia~" + "A" * 118
    answer = await form.send(browser, credential=used.get(form.asked["challenge"]))
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


async def test_a_failed_second_step_does_not_make_the_password_last_longer(bank, key) -> None:
    browser, page = await second_step(bank)
    for _ in range(4):
        bank.clock.forward(70)
        page = await browser.submit(page, code="aaaa-aaaa-aaaa-aaaa")
        assert page.is_second_step
    bank.clock.forward(30)
    assert (await browser.submit(page, code=bank.recovery[0])).is_login


async def test_the_password_alone_is_not_enough_any_more(bank, key) -> None:
    browser = bank.browser()
    await log_in(browser)
    assert (await browser.follow(await browser.http.get("/oauth/my/grants"))).is_login
    assert SESSION not in browser.http.cookies


async def test_a_session_of_before_the_passkey_is_worth_nothing_after_it(bank) -> None:
    old, browser = bank.browser(), bank.browser()
    await log_in(old)
    await log_in(browser)
    await add(browser, soft())
    for one in (old, browser):
        assert (await one.follow(await one.http.get("/oauth/my/grants"))).is_login


# while somebody guesses


async def test_a_passkey_gets_its_owner_in_while_everybody_guesses_the_password(bank, key) -> None:
    async def guess(number: int) -> int:
        browser = bank.browser(f"192.0.{number}.1")
        page = await browser.visit("client_one", await bank.partner.pushed_uri())
        return (await browser.submit(page, username="mia", password="wrong")).answer.status_code

    statuses = await asyncio.gather(*(guess(number) for number in range(100)))
    assert statuses.count(429) >= 30
    assert (await with_passkey(bank, key, bank.browser("203.0.113.50"))).is_consent


async def test_who_has_stolen_the_password_cannot_use_up_the_owners_codes(bank, key) -> None:
    owner, _ = await second_step(bank)
    assert (await owner.submit(_, code=bank.recovery[0])).is_consent  # known from now on
    thief, page = await second_step(bank)
    for _ in range(11):
        page = await thief.submit(page, code="000000")
    assert page.answer.status_code == 429
    bank.clock.forward(1)
    page = await owner.visit("client_one", await bank.partner.pushed_uri(prompt="login"))
    page = await owner.submit(page, username="mia", password="right")
    assert (await owner.submit(page, code=bank.recovery[1])).is_consent


async def test_of_fifty_codes_at_once_few_are_tried(bank, key) -> None:
    async def attempt(number: int) -> int:
        browser = bank.browser(f"192.0.{number}.1")
        page = await browser.visit("client_one", await bank.partner.pushed_uri())
        page = await browser.submit(page, username="mia", password="right", code=f"{number:06}")
        return page.answer.status_code

    assert sorted(await asyncio.gather(*(attempt(number) for number in range(50)))) == [401] * 10 + [429] * 40


# asked for by the client


async def test_a_client_that_wants_a_passkey_gets_a_new_login(bank, key) -> None:
    browser, page = await second_step(bank)
    assert (await browser.submit(page, code=bank.recovery[0])).is_consent
    bank.clock.forward(1)
    page = await browser.visit("client_one", await bank.partner.pushed_uri(acr_values=PASSKEY))
    assert page.is_login
    before = browser.http.cookies[SESSION]
    form = Form(page, "passkey-form")
    page = await browser.follow(await form.send(browser, credential=key.get(form.asked["challenge"])))
    assert page.is_consent
    assert browser.http.cookies[SESSION] != before
    # and whoever logs in again without it is told, not asked for ever
    browser, page = await second_step(bank, acr_values=PASSKEY)
    page = await browser.submit(page, code=bank.recovery[1])
    answer = parse_qs(urlsplit(page.answer.headers["location"]).query)
    assert answer["error"] == ["unmet_authentication_requirements"]


async def test_a_passkey_is_more_than_two_factors_asked_for(bank, key) -> None:
    browser = bank.browser()
    await with_passkey(bank, key, browser)
    bank.clock.forward(1)
    page = await browser.visit("client_one", await bank.partner.pushed_uri(acr_values=TWO_FACTOR))
    assert page.is_consent


# named and removed


def form_of(page, kind: str) -> Form:
    return Form(page, re.search(rf'id="(passkey-[0-9a-f]{{16}}-{kind}-form)"', page.text)[1])


async def test_the_last_one_goes_only_after_a_word_about_it(bank, key) -> None:
    browser = bank.browser()
    await with_passkey(bank, key, browser)
    await form_of(await open_page(browser), "name").send(browser, name="  <b>Tablet</b>\u202e ")
    page = await open_page(browser)
    assert "&lt;b&gt;Tablet" in page.text
    assert "\u202e" not in page.text
    answer = await form_of(page, "remove").send(browser)
    assert "Remove your last passkey?" in answer.text
    assert len(await bank.ports.records.list_passkeys("user_mia")) == 1
    sure = Form(type(page)(answer), "remove-last-form")
    assert (await sure.send(browser, confirmed="yes")).status_code == 303
    assert await bank.ports.records.list_passkeys("user_mia") == []
    assert (await bank.ports.records.user("user_mia")).recovery_codes == ""
    assert bank.events.of("PasskeyChanged")[-1].left == 0
    page = await bank.browser().consent_page("client_one", await bank.partner.pushed_uri())
    assert page.is_consent


async def test_nobody_touches_another_customers_passkey(bank, key) -> None:
    await bank.ports.records.add_user(
        User(user_id="user_tom", username="tom", password_hash="right", created_at=bank.clock.now)
    )
    tom, own = bank.browser(), soft("user_tom")
    await log_in(tom, username="tom")
    await add(tom, own)
    await with_passkey(bank, own, tom)
    page = await open_page(tom)
    assert key.name not in page.text
    for kind, fields in (("remove", {"confirmed": "yes"}), ("name", {"name": "mine"})):
        answer = await form_of(page, kind).send(tom, passkey=key.name, **fields)
        assert answer.status_code == 404
    (kept,) = await bank.ports.records.list_passkeys("user_mia")
    assert kept.name == "My phone"


async def test_recovery_codes_are_renewed_and_the_old_ones_end(bank, key) -> None:
    browser = bank.browser()
    await with_passkey(bank, key, browser)
    answer = await Form(await open_page(browser), "recovery-form").send(browser)
    fresh = re.findall(r"<li><code>([a-z2-7-]{19})</code>", answer.text)
    assert len(set(fresh) - set(bank.recovery)) == 10
    assert [event.user for event in bank.events.of("RecoveryCodesRenewed")] == ["user_mia"]
    for code, expected in ((bank.recovery[0], False), (fresh[0], True)):
        browser, page = await second_step(bank)
        assert (await browser.submit(page, code=code)).is_consent is expected


async def test_recovery_codes_are_for_who_has_a_second_factor(bank) -> None:
    browser = bank.browser()
    await log_in(browser)
    page = await open_page(browser)
    assert 'id="recovery-form"' not in page.text
    token = Form(page, "passkey-form").hidden["form_token"]
    answer = await browser.http.post("/oauth/my/recovery-codes", data={"form_token": token})
    assert answer.status_code == 400
    assert (await bank.ports.records.user("user_mia")).recovery_codes == ""
