"""Who may see the page; `tests/conformance/test_passkeys.py` fills it in."""

from ringfence.oauth.passkey_page import RECENT_SECONDS


async def test_a_stranger_is_led_to_the_login(bank):
    browser = bank.browser()
    page = await browser.follow(await browser.http.get("/oauth/my/passkeys"))
    assert page.is_login
    page = await browser.follow(await browser.http.get("/oauth/my/passkeys"))
    assert 'id="again"' in page.text
    assert page.hidden["leads_to"] == "passkeys"


async def test_the_page_opens_for_who_has_just_logged_in(bank):
    browser = bank.browser()
    await browser.log_in(await browser.follow(await browser.http.get("/oauth/my/grants")))
    page = await browser.follow(await browser.http.get("/oauth/my/passkeys"))
    assert 'id="no-passkeys"' in page.text
    assert "You have no passkey yet" in page.text
    bank.clock.forward(RECENT_SECONDS)
    assert (await browser.follow(await browser.http.get("/oauth/my/passkeys"))).is_login
