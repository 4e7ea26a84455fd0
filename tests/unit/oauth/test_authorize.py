from urllib.parse import parse_qs, urlsplit

from ringfence.oauth.cookies import BROWSER


async def test_the_browser_gets_a_cookie_once_and_is_led_to_its_pages(bank):
    params = {"client_id": bank.partner.client_id, "request_uri": await bank.partner.pushed_uri()}
    browser = bank.browser()
    first = await browser.http.get("/oauth/authorize", params=params)
    assert first.status_code == 303
    assert first.headers["set-cookie"].startswith(f"{BROWSER}=")
    second = await browser.http.get("/oauth/authorize", params=params)
    assert "set-cookie" not in second.headers
    assert first.headers["location"] == second.headers["location"]
    target = urlsplit(first.headers["location"])
    assert (target.netloc, target.path) == ("", "/oauth/interaction")
    assert set(parse_qs(target.query)) == {"request", "ticket"}


async def test_a_cookie_that_is_not_of_our_making_is_replaced(bank):
    params = {"client_id": bank.partner.client_id, "request_uri": await bank.partner.pushed_uri()}
    answer = await bank.http.get("/oauth/authorize", params=params, headers={"cookie": f"{BROWSER}=short"})
    assert answer.headers["set-cookie"].startswith(f"{BROWSER}=")


async def test_a_request_uri_of_another_form_is_a_page(bank):
    params = {"client_id": bank.partner.client_id, "request_uri": "https://evil.example/request.jwt"}
    answer = await bank.http.get("/oauth/authorize", params=params)
    assert answer.status_code == 400
    assert "evil" not in answer.text
    # the same reason for a request that never was and one without its client
    missing = await bank.http.get("/oauth/authorize", params={"request_uri": await bank.partner.pushed_uri()})
    assert missing.status_code == 400
