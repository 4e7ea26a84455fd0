"""Logging out: only the customer decides, back only to a registered place, and everybody who relies on it is told.

OpenID Connect RP-Initiated Logout 1.0; OpenID Connect Back-Channel Logout 1.0.
"""

import asyncio
import importlib.util
import json
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from ringfence.app.notices import post_due
from ringfence.fetching import Unfetchable
from ringfence.store.blocks import session_block
from ringfence.store.interface import Admission
from ringfence.store.model import User

_spec = importlib.util.spec_from_file_location("without_redirect", Path(__file__).parent / "without_redirect.py")
back = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(back)
sign = sys.modules["oauth_harness"].sign

AFTER = "https://partner.example/after?from=bank"
HOOK = "https://partner.example/logout"
END = "/oauth/end-session"


async def party(bank, client_id="client_rp", **changes):
    partner = type(bank.partner)(bank, client_id)
    await bank.register(partner, **{"post_logout_redirect_uris": (AFTER,), "backchannel_logout_uri": HOOK} | changes)
    return partner


async def logged_in(bank, partner, browser=None):
    """Return tokens that the customer of a browser gave to a partner."""
    browser = browser or bank.browser()
    return browser, (await partner.token(partner.redemption(await partner.code(browser)))).json()


async def page_of(browser, **parameters):
    return await browser.follow(await browser.http.get(END, params=parameters))


async def decide(browser, page, decision="logout", headers=None):
    (form,) = back.forms(page)
    return await browser.http.post(form.action, data=form.hidden | {"decision": decision}, headers=headers or {})


async def blocked(bank, sid) -> bool:
    return (await bank.ports.fast.admit(Admission(blocks=(session_block(sid),)), bank.clock.now)).blocked >= 0


async def posted(bank) -> list[dict]:
    """Post what is due and return the logout tokens that arrived, verified."""
    before = len(bank.posts.seen)
    await post_due(bank.server, bank.posts)
    found = []
    for url, body, media_type, bearer in bank.posts.seen[before:]:
        assert (url, media_type, bearer) == (HOOK, "application/x-www-form-urlencoded", "")
        (raw,) = parse_qs(body.decode())["logout_token"]
        found.append(bank.claims(raw))
    return found


async def test_the_customer_is_asked_and_returns_with_the_state(bank):
    partner = await party(bank)
    browser, tokens = await logged_in(bank, partner)
    sid = bank.claims(tokens["id_token"])["sid"]
    assert bank.claims(tokens["access_token"])["sid"] == sid
    bank.clock.forward(600)  # the ID token has expired
    page = await page_of(
        browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTER, state="a b&c", ui_locales="de"
    )
    assert page.answer.status_code == 200
    for text in ("Mia Berg", "Partner client_rp", "partner.example"):
        assert text in page.text
    assert "<script" not in page.text
    assert "form-action 'self' https:" in page.answer.headers["content-security-policy"]
    assert await bank.ports.records.session_by_sid(sid, bank.clock.now)  # nothing has ended yet
    answer = await decide(browser, page)
    assert answer.status_code == 303
    location = urlsplit(answer.headers["location"])
    assert answer.headers["location"].startswith(AFTER + "&")
    assert parse_qs(location.query) == {"from": ["bank"], "state": ["a b&c"]}
    assert await bank.ports.records.session_by_sid(sid, bank.clock.now) is None
    assert await blocked(bank, sid)
    assert (await browser.follow(await browser.http.get("/oauth/my/grants"))).is_login
    (event,) = bank.events.of("SessionEnded")
    assert (event.session, event.user, event.why) == (sid, "user_mia", "logged out")


async def test_a_customer_may_stay(bank):
    partner = await party(bank)
    browser, tokens = await logged_in(bank, partner)
    page = await page_of(browser, id_token_hint=tokens["id_token"])
    answer = await decide(browser, page, "stay")
    assert answer.headers["location"] == "/oauth/my/grants"
    assert not await blocked(bank, bank.claims(tokens["id_token"])["sid"])
    assert (await decide(browser, await page_of(browser), "perhaps")).status_code == 400


async def test_tokens_of_the_session_end_and_what_was_allowed_goes_on(bank):
    partner = await party(bank)
    browser, tokens = await logged_in(bank, partner)
    assert (await partner.userinfo(tokens["access_token"])).status_code == 200
    await decide(browser, await page_of(browser))
    assert (await partner.userinfo(tokens["access_token"])).status_code == 401
    refreshed = await partner.token({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    assert "sid" not in bank.claims(refreshed.json()["access_token"])
    assert "sid" not in bank.claims(refreshed.json()["id_token"])
    assert (await partner.userinfo(refreshed.json()["access_token"])).status_code == 200


async def test_a_code_of_a_session_that_was_ended_gives_no_id_token(bank):
    partner = await party(bank)
    browser = bank.browser()
    code = await partner.code(browser)
    await decide(browser, await page_of(browser))
    assert (await partner.token(partner.redemption(code))).json()["error"] == "invalid_grant"


async def test_whoever_was_given_an_id_token_is_told(bank):
    partner, other = await party(bank), await party(bank, "client_quiet", backchannel_logout_uri="")
    plain = await party(bank, "client_plain")
    browser, tokens = await logged_in(bank, partner)
    await logged_in(bank, other, browser)
    await plain.token(plain.redemption(await plain.code(browser, scope="accounts")))  # no ID token
    await decide(browser, await page_of(browser))
    (claims,) = await posted(bank)
    assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert (claims["iss"], claims["aud"], claims["sub"]) == ("https://bank.example", "client_rp", "user_mia")
    assert claims["sid"] == bank.claims(tokens["id_token"])["sid"]
    assert claims["exp"] - claims["iat"] == 120
    assert claims["jti"]
    assert "nonce" not in claims
    raw = parse_qs(bank.posts.seen[0][1].decode())["logout_token"][0]
    assert json.loads(_decoded(raw.split(".")[0]))["typ"] == "logout+jwt"
    assert await posted(bank) == []
    (event,) = bank.events.of("NoticeDelivered")
    assert (event.kind, event.client, event.delivered, event.attempts) == ("logout", "client_rp", True, 1)


def _decoded(segment: str) -> bytes:
    import base64  # noqa: PLC0415 - used here only

    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


async def test_a_logout_token_is_no_id_token_and_no_access_token(bank):
    partner = await party(bank)
    browser, _ = await logged_in(bank, partner)
    await decide(browser, await page_of(browser))
    await posted(bank)
    raw = parse_qs(bank.posts.seen[0][1].decode())["logout_token"][0]
    assert (await page_of(bank.browser(), id_token_hint=raw)).answer.status_code == 400
    assert (await partner.userinfo(raw)).status_code == 401
    assert (await partner.post("/oauth/introspect", {"token": raw})).json() == {"active": False}


async def test_a_client_that_does_not_answer_is_told_again_and_each_time_anew(bank):
    partner = await party(bank)
    browser, _ = await logged_in(bank, partner)
    await decide(browser, await page_of(browser))
    bank.posts.answers = [Unfetchable("no route"), 503, 302]
    seen = await posted(bank)
    assert await posted(bank) == []  # not before its time
    for pause in (5, 10, 20):
        bank.clock.forward(pause)
        seen += await posted(bank)
    assert len({claims["jti"] for claims in seen}) == 4
    bank.clock.forward(100_000)
    assert await posted(bank) == []
    (event,) = bank.events.of("NoticeDelivered")
    assert (event.delivered, event.attempts) == (True, 4)


async def test_a_client_that_says_no_is_not_asked_again(bank):
    partner = await party(bank)
    browser, _ = await logged_in(bank, partner)
    await decide(browser, await page_of(browser))
    bank.posts.answers = [400]
    assert len(await posted(bank)) == 1
    bank.clock.forward(100_000)
    assert await posted(bank) == []
    assert bank.events.of("NoticeDelivered")[0].private == "answered 400"


async def test_of_many_who_post_at_once_one_does(bank):
    partner = await party(bank)
    browser, _ = await logged_in(bank, partner)
    await decide(browser, await page_of(browser))
    tried = await asyncio.gather(*(post_due(bank.server, bank.posts) for _ in range(20)))
    assert sum(tried) == len(bank.posts.seen) == 1


async def test_a_session_that_many_end_at_once_ends_once(bank):
    partner = await party(bank)
    browser, _ = await logged_in(bank, partner)
    page = await page_of(browser)
    answers = await asyncio.gather(*(decide(browser, page) for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {200, 303}
    assert len(bank.events.of("SessionEnded")) == 1
    assert len(await posted(bank)) == 1


async def test_the_own_page_and_another_login_tell_too(bank):
    partner = await party(bank)
    browser, first = await logged_in(bank, partner)
    page = await browser.follow(await browser.http.get("/oauth/my/grants"))
    form = next(f for f in back.forms(page) if "session" in f.hidden)
    await browser.http.post(form.action, data=form.hidden)
    assert [claims["sid"] for claims in await posted(bank)] == [bank.claims(first["id_token"])["sid"]]
    browser, second = await logged_in(bank, partner)
    page = await browser.visit(partner.client_id, await partner.pushed_uri())
    await browser.submit(page, decision="switch")
    assert [claims["sid"] for claims in await posted(bank)] == [bank.claims(second["id_token"])["sid"]]


async def test_the_same_customers_new_login_goes_on_with_the_session(bank):
    partner = await party(bank)
    browser, first = await logged_in(bank, partner)
    bank.clock.forward(10)
    code = await partner.code(browser, prompt="login")
    second = (await partner.token(partner.redemption(code))).json()
    claims = bank.claims(second["id_token"])
    assert claims["sid"] == bank.claims(first["id_token"])["sid"]
    assert claims["auth_time"] == bank.claims(first["id_token"])["auth_time"] + 10
    assert await posted(bank) == []
    assert (await partner.userinfo(first["access_token"])).status_code == 200


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/",
        AFTER + "&x=1",
        AFTER.upper(),
        "https://partner.example/after",
        "https://partner.example/callback",
        "//partner.example/after?from=bank",
        "javascript:alert(1)",
        AFTER + "\r\nlocation: https://evil.example",
    ],
)
async def test_no_open_redirect(bank, uri):
    partner = await party(bank)
    browser, tokens = await logged_in(bank, partner)
    for who in (browser, bank.browser()):  # logged in or not
        page = await page_of(who, id_token_hint=tokens["id_token"], post_logout_redirect_uri=uri)
        assert page.answer.status_code == 400
        assert "text/html" in page.answer.headers["content-type"]
        assert "location" not in page.answer.headers


async def test_no_redirect_without_a_hint_that_we_signed(bank):
    partner, other = await party(bank), await party(bank, "client_other", post_logout_redirect_uris=())
    browser, tokens = await logged_in(bank, partner)
    _, foreign = await logged_in(bank, other)
    forged = sign(partner.key, bank.claims(tokens["id_token"]), kid=partner.key.kid)
    for parameters in (
        {"client_id": partner.client_id},
        {"id_token_hint": forged},
        {"id_token_hint": foreign["id_token"]},
        {"id_token_hint": tokens["access_token"]},
        {"id_token_hint": tokens["id_token"], "client_id": other.client_id},
        {},
    ):
        page = await page_of(browser, post_logout_redirect_uri=AFTER, **parameters)
        assert page.answer.status_code == 400, parameters
    await bank.ports.records.set_client_status(partner.client_id, "suspended")
    page = await page_of(browser, post_logout_redirect_uri=AFTER, id_token_hint=tokens["id_token"])
    assert page.answer.status_code == 400


async def test_who_is_not_logged_in_goes_on_at_once(bank):
    partner = await party(bank)
    _, tokens = await logged_in(bank, partner)
    stranger = bank.browser()
    answer = await stranger.http.get(
        END, params={"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTER, "state": "s"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, f"{AFTER}&state=s")
    assert 'id="logged-out-heading"' in (await page_of(stranger)).text
    assert not bank.events.of("SessionEnded")


async def test_a_form_of_another_site_only_shows_the_page(bank):
    partner = await party(bank)
    browser, tokens = await logged_in(bank, partner)
    posted_form = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTER, "state": "s", "x": "y"}
    answer = await browser.http.post(END, data=posted_form, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 303
    assert urlsplit(answer.headers["location"]).path == END
    page = await browser.follow(answer)
    assert 'id="logout-form"' in page.text
    assert not await blocked(bank, bank.claims(tokens["id_token"])["sid"])


@pytest.mark.parametrize("attack", ["no token", "another browser's", "cross-site", "in the URL", "GET"])
async def test_nobody_is_logged_out_by_another_site(bank, attack):
    partner = await party(bank)
    browser, tokens = await logged_in(bank, partner)
    (form,) = back.forms(await page_of(browser))
    data, headers = form.hidden | {"decision": "logout"}, {}
    match attack:
        case "no token":
            del data["form_token"]
        case "another browser's":
            attacker, _ = await logged_in(bank, partner)
            data["form_token"] = back.forms(await page_of(attacker))[0].hidden["form_token"]
        case "cross-site":
            headers["sec-fetch-site"] = "cross-site"
        case "in the URL":
            form.action += "?decision=logout"
    if attack == "GET":
        answer = await browser.http.get(form.action, params=data)
        assert answer.status_code == 405
    else:
        answer = await browser.http.post(form.action, data=data, headers=headers)
        assert answer.status_code == 400
    assert not await blocked(bank, bank.claims(tokens["id_token"])["sid"])


async def test_names_in_the_page_are_text(bank):
    partner = await party(bank, "client_rude", name='<script>x</script>"')
    await bank.ports.records.add_user(
        User(user_id="user_lt", username="lt", password_hash="right", name="<b>Lt</b>", created_at=bank.clock.now)
    )
    browser = await back.logged_in(bank, "lt")
    page = await page_of(browser, client_id=partner.client_id, state='"><script>')
    assert "<script" not in page.text
    assert "<b>Lt" not in page.text


async def test_the_metadata_says_what_there_is(bank):
    found = (await bank.http.get("/.well-known/openid-configuration")).json()
    assert found["end_session_endpoint"] == f"https://bank.example{END}"
    assert found["backchannel_logout_supported"] is True
    assert found["backchannel_logout_session_supported"] is True


async def test_a_client_with_pairwise_subjects_is_told_by_its_own(bank):
    partner = await party(bank, subject_type="pairwise", sector="partner.example")
    browser, tokens = await logged_in(bank, partner)
    await decide(browser, await page_of(browser))
    (claims,) = await posted(bank)
    assert claims["sub"] == bank.claims(tokens["id_token"])["sub"] != "user_mia"
