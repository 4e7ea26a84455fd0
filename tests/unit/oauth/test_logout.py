async def test_a_named_client_stands_on_the_page_and_gets_nothing(bank):
    browser = bank.browser()
    await browser.log_in(await browser.follow(await browser.http.get("/oauth/my/grants")))
    page = await browser.follow(await browser.http.get("/oauth/end-session", params={"client_id": "client_one"}))
    assert "Partner client_one" in page.text
    assert "returns-to" not in page.text
    page = await browser.submit(page, decision="logout")
    assert 'id="logged-out-heading"' in page.text
    assert page.answer.headers["set-cookie"].startswith("__Host-ringfence-session=;")


async def test_a_state_that_is_too_long_is_refused(bank):
    answer = await bank.browser().http.get("/oauth/end-session", params={"state": "x" * 2049})
    assert answer.status_code == 400


async def test_a_session_without_the_browsers_cookie_gets_one(bank):
    browser = bank.browser()
    await browser.log_in(await browser.follow(await browser.http.get("/oauth/my/grants")))
    browser.http.cookies.delete("__Host-ringfence-browser")
    answer = await browser.http.get("/oauth/end-session")
    assert any("__Host-ringfence-browser=" in value for value in answer.headers.get_list("set-cookie"))
