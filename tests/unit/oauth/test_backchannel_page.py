import re

PAGE = "/oauth/my/requests"


async def logged_in(bank):
    browser = bank.browser()
    await browser.log_in(await browser.follow(await browser.http.get("/oauth/my/grants")))
    return browser


async def test_who_is_not_logged_in_is_led_to_the_login(bank):
    browser = bank.browser()
    assert (await browser.http.get(PAGE)).headers["location"] == "/oauth/my/grants"
    await browser.http.get("/oauth/my/grants")
    answer = await browser.http.post("/oauth/my/answer", data={"decision": "allow"})
    assert answer.headers["location"] == "/oauth/my/grants"


async def test_the_own_page_says_how_many_wait(bank, ask):
    browser = await logged_in(bank)
    assert "requests-link" not in (await browser.http.get("/oauth/my/grants")).text
    await ask()
    assert "One request waits" in (await browser.http.get("/oauth/my/grants")).text
    await ask()
    assert "2 requests wait" in (await browser.http.get("/oauth/my/grants")).text


async def test_a_decision_is_one_of_two(bank, ask):
    await ask()
    browser = await logged_in(bank)
    text = (await browser.http.get(PAGE)).text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', text))
    assert (await browser.http.post("/oauth/my/answer", data=hidden | {"decision": "x"})).status_code == 400
    assert (await browser.http.post("/oauth/my/answer", data=hidden | {"decision": "deny"})).status_code == 303
