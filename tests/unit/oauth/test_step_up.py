from ringfence.clock import Instant
from ringfence.oauth.step_up import KNOWN_BEFORE
from ringfence.problem import Reason
from ringfence.store.measures import step_up_mark


async def demand(bank, of, value, seconds=3600.0):
    now = bank.clock()
    await bank.ports.fast.measure([step_up_mark(of, value)], now, Instant(now + seconds), now)


async def login(bank, browser, name="mia"):
    page = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri())
    return page if page.is_consent else await browser.log_in(page, name)


async def test_without_a_step_up_a_password_does(bank):
    assert (await login(bank, bank.browser())).is_consent


async def test_a_strange_browser_needs_a_second_factor(bank):
    for of, value in (("user", "user_mia"), ("network", "198.51.100.7"), ("client", bank.partner.client_id)):
        await demand(bank, of, value, 60.0)
        page = await login(bank, bank.browser())
        assert page.answer.status_code == 403
        assert "password alone" in page.text
        assert bank.events.of("LoginDecided")[-1].reason == Reason.SECOND_FACTOR_LACKING.value
        bank.clock.forward(61)
        assert (await login(bank, bank.browser())).is_consent


async def test_a_step_up_of_one_is_not_anothers(bank):
    await demand(bank, "user", "user_tom")
    await demand(bank, "network", "198.51.100.8")
    assert (await login(bank, bank.browser())).is_consent


async def test_the_owner_gets_in_from_a_browser_of_theirs(bank):
    browser = bank.browser()
    assert (await login(bank, browser)).is_consent
    bank.clock.forward(KNOWN_BEFORE + 1)
    await demand(bank, "user", "user_mia")
    bank.clock.forward(1)
    page = await login(bank, browser)
    assert page.is_consent
    assert not (await login(bank, bank.browser())).is_consent


async def test_the_browser_of_a_guess_that_was_right_a_moment_ago_is_none_that_will_do(bank):
    thief = bank.browser("203.0.113.9")
    assert (await login(bank, thief)).is_consent
    bank.clock.forward(5)
    await demand(bank, "user", "user_mia")
    bank.clock.forward(1)
    page = await thief.visit(bank.partner.client_id, await bank.partner.pushed_uri())
    assert page.is_login, "the session that the guess gave does not do any more"
    assert (await thief.log_in(page)).answer.status_code == 403


async def test_a_session_of_since_the_step_up_does(bank):
    browser = bank.browser()
    assert (await login(bank, browser)).is_consent
    bank.clock.forward(KNOWN_BEFORE + 1)
    await demand(bank, "user", "user_mia")
    bank.clock.forward(1)
    await login(bank, browser)
    page = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri())
    assert page.is_consent, "no second login for the second request"
