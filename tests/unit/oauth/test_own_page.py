"""The flows stand in tests/conformance/test_own_page.py."""

from ringfence.clock import Instant
from ringfence.oauth.own_page import moment


def test_times_are_for_people():
    assert moment(Instant(1_800_000_000.9)) == "15 January 2027, 08:00 UTC"


async def test_a_browser_without_cookies_gets_one_and_the_login_page(bank):
    browser = bank.browser()
    answer = await browser.http.get("/oauth/my/grants")
    assert answer.status_code == 200
    assert 'id="login-form"' in answer.text
    assert "to see what you allowed" in answer.text
    assert "__Host-ringfence-browser=" in answer.headers["set-cookie"]
    assert "set-cookie" not in (await browser.http.get("/oauth/my/grants")).headers


async def test_forms_without_a_session_lead_to_the_login(bank):
    browser = bank.browser()
    for path in ("/oauth/my/withdraw", "/oauth/my/end-session"):
        answer = await browser.http.post(path, data={"grant": "x", "session": "x"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/oauth/my/grants")
