"""The edges of the page; `tests/conformance/test_second_factor.py` attacks it and goes through it."""

import asyncio

from ringfence.oauth.totp import read_secret, written


async def pages(bank, count: int):
    """Return that many browsers of Mia, each on the page."""
    found = []
    for _ in range(count):
        browser = bank.browser()
        page = await browser.follow(await browser.http.get("/oauth/my/grants"))
        await browser.submit(page, username="mia", password="right")
        found.append((browser, await browser.follow(await browser.http.get("/oauth/my/authenticator"))))
    return found


async def test_who_is_not_logged_in_is_led_to_the_login(bank):
    browser = bank.browser()
    page = await browser.follow(await browser.http.get("/oauth/my/authenticator"))
    assert page.is_login
    answer = await browser.http.post("/oauth/my/enrol", data={"form_token": "x"})
    assert answer.headers["location"] == "/oauth/my/grants"


async def test_the_page_comes_again_with_the_same_key_and_what_was_wrong(bank):
    ((browser, page),) = await pages(bank, 1)
    again = await browser.submit(page, code="000000", password="right")
    assert again.answer.status_code == 401
    assert "the code is not right" in again.text
    assert again.hidden["secret"] == page.hidden["secret"]
    assert written(read_secret(page.hidden["secret"])) == page.hidden["secret"]


async def test_of_two_pages_at_once_one_enrols(bank):
    from cryptography.hazmat.primitives.hashes import SHA1  # noqa: PLC0415 - used here only
    from cryptography.hazmat.primitives.twofactor.totp import TOTP  # noqa: PLC0415 - used here only

    async def enrol(browser, page) -> int:
        code = TOTP(read_secret(page.hidden["secret"]), 6, SHA1(), 30).generate(int(bank.clock.now)).decode()
        answer = await browser.http.post(page.action, data=page.hidden | {"code": code, "password": "right"})
        return answer.status_code

    statuses = await asyncio.gather(*(enrol(*one) for one in await pages(bank, 5)))
    assert statuses.count(200) == 1
