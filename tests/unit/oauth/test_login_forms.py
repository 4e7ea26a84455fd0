"""Both logins go on where they should; `tests/conformance/test_passkeys.py` goes through the pages."""


async def test_a_login_for_the_passkeys_leads_there_and_nowhere_else(bank):
    for leads_to, location in (("passkeys", "/oauth/my/passkeys"), ("https://evil.example", "/oauth/my/grants")):
        browser = bank.browser()
        page = await browser.follow(await browser.http.get("/oauth/my/grants"))
        fields = page.hidden | {"username": "mia", "password": "right", "leads_to": leads_to}
        answer = await browser.http.post(page.action, data=fields)
        assert (answer.status_code, answer.headers["location"]) == (303, location)


async def test_what_went_wrong_stands_on_the_same_page(bank):
    browser = bank.browser()
    page = await browser.log_in(await browser.follow(await browser.http.get("/oauth/my/grants")), "mia", "wrong")
    assert page.answer.status_code == 401
    assert 'role="alert"' in page.text
    assert page.is_login
