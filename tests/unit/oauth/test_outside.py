"""What an outside application is told, and where browsers go; answers and attacks are in the conformance tests."""

from urllib.parse import parse_qs, urlsplit

OUTSIDE = {"login_application": {"url": "https://login.example/in?t=1"}, "scopes": {"accounts": "See"}}


async def test_a_browser_is_sent_away_with_a_value_whose_hash_alone_is_kept(bank) -> None:
    away = bank.with_policy(oauth=OUTSIDE)
    page = await away.browser().visit("client_one", await away.partner.pushed_uri(prompt="login consent"))
    where = urlsplit(page.answer.headers["location"])
    assert (where.netloc, where.path) == ("login.example", "/in")
    found = {name: values[0] for name, values in parse_qs(where.query).items()}
    assert found["t"] == "1"
    assert len(found["login_challenge"]) == 86
    (kept,) = await bank.ports.records.list_challenges(bank.clock.now)
    assert found["login_challenge"] not in str(kept)
    assert kept.content["prompt"] == ["login", "consent"]
    assert kept.content["client_name"] == "Partner client_one"
    assert kept.expires_at <= bank.clock.now + 600


async def test_who_is_logged_in_here_is_not_sent_away(bank) -> None:
    browser = bank.browser()
    await browser.consent_page("client_one", await bank.partner.pushed_uri())
    away = bank.with_policy(oauth=OUTSIDE)
    moved = away.browser()
    moved.http.cookies = browser.http.cookies
    assert (await moved.visit("client_one", await away.partner.pushed_uri())).is_consent
