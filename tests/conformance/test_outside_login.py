"""An outside login application: what it is told, what it answers, and who tries to come back with somebody else's answer."""

import asyncio
import importlib.util
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from ringfence.admin.api import create_app
from ringfence.admin.ports import AdminPorts
from ringfence.ids import system_random
from ringfence.oauth.login_names import name_digest
from ringfence.store.consent_states import ConsentState

_spec = importlib.util.spec_from_file_location("oauth_paying", Path(__file__).parent / "paying.py")
paying = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(paying)

LOGIN, CONSENT = "https://login.example/start?tenant=a", "https://login.example/consent"
GOLD, SILVER = "urn:bank:gold", "urn:bank:silver"


class Application:
    """What the bank's own login application does, over the management API."""

    def __init__(self, bank, **changes) -> None:
        settings = {"url": LOGIN, "acr_values": [SILVER, GOLD]} | changes
        self.bank = bank.with_policy(
            oauth=paying.OAUTH | {"login_application": settings},
            apis=[{"name": "bank", "versions": [paying.VERSION]}],
        )
        events = paying.Recorder(self.bank.events)
        ports = AdminPorts(
            records=bank.ports.records,
            fast=bank.ports.fast,
            events=events,
            stream=None,
            watch=None,
            cases=None,
            hash_password=lambda p: p,
            times_leaked=lambda p: 0,
            clock=bank.clock,
            random=system_random,
            actor="uid:1",
        )
        transport = httpx.ASGITransport(create_app(self.bank.policy, ports))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://management")
        bank.clients.append(self.http)

    async def show(self, challenge: str) -> httpx.Response:
        return await self.http.get(f"/logins/{challenge}")

    async def accept(self, challenge: str, **answer) -> httpx.Response:
        said = {"subject": "ext-7", "name": "Mia Berg", "acr": GOLD, "amr": ["face", "hwk"]} | answer
        body = {name: value for name, value in said.items() if value is not None}
        return await self.http.post(f"/logins/{challenge}/accept", json=body)

    async def consent(self, challenge: str, **answer) -> httpx.Response:
        return await self.http.post(f"/logins/{challenge}/accept", json=answer)

    async def reject(self, challenge: str, **answer) -> httpx.Response:
        return await self.http.post(f"/logins/{challenge}/reject", json=answer)

    async def sent(self, browser, partner=None, **asked) -> str:
        """Return the challenge with which a browser arrives at the application."""
        partner = partner or self.bank.partner
        page = await browser.visit(partner.client_id, await partner.pushed_uri(**asked))
        return challenge_of(page)


def challenge_of(page, kind: str = "login") -> str:
    location = page.answer.headers["location"]
    assert location.startswith(f"https://login.example/{'start' if kind == 'login' else 'consent'}?"), location
    return parse_qs(urlsplit(location).query)[f"{kind}_challenge"][0]


async def back(browser, answer: httpx.Response):
    assert answer.status_code == 200, answer.text
    return await browser.follow(await browser.http.get(answer.json()["redirect_to"]))


def told(page) -> dict[str, str]:
    return paying.answered(page.answer.headers["location"])


@pytest.fixture
async def app(bank) -> Application:
    made = Application(bank)
    await made.bank.register(
        made.bank.partner.__class__(made.bank, "client_extra"), authorization_details_types=("payment", "accounts")
    )
    return made


async def test_a_login_there_ends_in_tokens_that_say_how_it_was(app) -> None:
    browser = app.bank.browser()
    challenge = await app.sent(browser, acr_values=GOLD)
    shown = (await app.show(challenge)).json()
    assert shown["kind"] == "login"
    assert shown["request"]["client_name"] == "Partner client_one"
    assert shown["request"]["scopes"] == ["openid", "accounts"]
    assert shown["request"]["acr_values"] == [GOLD]
    at = app.bank.clock.now - 5
    page = await back(browser, await app.accept(challenge, auth_time=at))
    assert page.is_consent
    assert "Mia Berg" in page.text
    code = told(await browser.submit(page, decision="allow"))["code"]
    tokens = (await app.bank.partner.token(app.bank.partner.redemption(code))).json()
    access, identity = app.bank.claims(tokens["access_token"]), app.bank.claims(tokens["id_token"])
    assert (access["sub"], access["acr"], access["auth_time"]) == ("ext-7", GOLD, int(at))
    assert (identity["acr"], identity["amr"]) == (GOLD, ["face", "hwk"])
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    again = (await app.bank.partner.token(form)).json()
    assert app.bank.claims(again["id_token"])["amr"] == ["face", "hwk"]
    event, server = app.bank.events.of("LoginDecided")[-1], app.bank.server
    user = await app.bank.ports.records.user("ext-7")
    assert (event.user, event.username_hash) == ("ext-7", name_digest(user.username, server))


async def test_the_metadata_says_what_the_application_reaches(app) -> None:
    found = (await app.bank.http.get("/.well-known/oauth-authorization-server")).json()
    assert found["acr_values_supported"] == [SILVER, GOLD]
    assert (await app.bank.partner.push(acr_values="urn:ringfence:acr:password")).status_code == 400


async def test_a_login_that_is_too_weak_for_the_client_ends_there(app) -> None:
    browser = app.bank.browser()
    challenge = await app.sent(browser, acr_values=GOLD)
    page = await back(browser, await app.accept(challenge, acr=SILVER))
    assert told(page)["error"] == "unmet_authentication_requirements"


async def test_an_old_login_is_not_taken_where_a_new_one_is_asked_for(app) -> None:
    browser = app.bank.browser()
    challenge = await app.sent(browser, prompt="login")
    after = (await app.show(challenge)).json()["request"]["login_after"]
    assert after == app.bank.clock.now
    old = await app.accept(challenge, auth_time=after - 1)
    assert (old.status_code, old.json()["errors"][0]["at"]) == (400, "/auth_time")
    assert (await back(browser, await app.accept(challenge, auth_time=after))).is_consent


@pytest.mark.parametrize(
    ("answer", "at"),
    [
        ({"subject": ""}, "/subject"),
        ({"subject": "client_one"}, "/subject"),
        ({"subject": "client_new"}, "/subject"),
        ({"subject": "a b"}, "/subject"),
        ({"subject": "x" * 129}, "/subject"),
        ({"acr": None}, "/acr"),
        ({"acr": "urn:bank:platinum"}, "/acr"),
        ({"amr": []}, "/amr"),
        ({"amr": ["a b"]}, "/amr/0"),
        ({"auth_time": 4e9}, "/auth_time"),
        ({"auth_time": -1}, "/auth_time"),
        ({"name": "a\u202eb"}, "/name"),
        ({"more": 1}, ""),
    ],
)
async def test_answers_that_cannot_be_are_refused_and_nothing_is_used_up(app, answer, at) -> None:
    browser = app.bank.browser()
    challenge = await app.sent(browser)
    refused = await app.accept(challenge, **answer)
    assert refused.status_code == 400, refused.text
    assert refused.json()["errors"][0]["at"] == at
    assert (await back(browser, await app.accept(challenge))).is_consent


async def test_a_disabled_customer_does_not_come_in(app) -> None:
    browser = app.bank.browser()
    answer = await app.accept(await app.sent(browser), subject="user_mia")
    await app.bank.ports.records.set_user_status("user_mia", "disabled")
    assert (await back(browser, answer)).answer.status_code == 401
    again = await app.accept(await app.sent(app.bank.browser()), subject="user_mia")
    assert again.status_code == 409


async def test_the_name_of_somebody_else_is_not_taken(app) -> None:
    answer = await app.accept(await app.sent(app.bank.browser()), subject="mia")
    assert answer.status_code == 409  # a customer of our own logs in by that name, and is not this one


async def test_rejected_the_client_is_told_so(app) -> None:
    browser = app.bank.browser()
    wrong = await app.reject(await app.sent(browser), error="server_error\r\nx: y")
    assert wrong.status_code == 400
    answer = await app.reject(await app.sent(browser), error="access_denied", error_description='too "young"')
    page = await back(browser, answer)
    assert told(page)["error"] == "access_denied"
    assert told(page)["error_description"] == "too 'young'"
    assert told(page)["state"] == "the-state"


async def test_another_browser_cannot_come_back_with_the_answer(app) -> None:
    """Neither a victim who is sent the attacker's way back (login CSRF), nor an attacker who fixed the challenge."""
    victim, attacker = app.bank.browser(), app.bank.browser("203.0.113.66")
    challenge = await app.sent(attacker)
    answer = await app.accept(challenge, subject="attacker")
    await app.sent(victim)  # the victim has a browser cookie of its own
    for stranger in (victim, app.bank.browser()):
        page = await stranger.follow(await stranger.http.get(answer.json()["redirect_to"]))
        assert page.answer.status_code == 400
        assert "ringfence-session" not in str(stranger.http.cookies)
    assert (await back(attacker, answer)).is_consent  # and the stranger's attempt took nothing from its owner


async def test_a_verifier_counts_once_also_in_parallel(app) -> None:
    browser = app.bank.browser()
    answer = await app.accept(await app.sent(browser))
    url = answer.json()["redirect_to"]
    pages = await asyncio.gather(*(browser.http.get(url) for _ in range(20)))
    assert sorted(page.status_code for page in pages) == [303] + [400] * 19
    assert (await browser.http.get(url)).status_code == 400


async def test_a_challenge_is_answered_once_also_in_parallel(app) -> None:
    challenge = await app.sent(app.bank.browser())
    answers = await asyncio.gather(*(app.accept(challenge, subject=f"ext-{n}") for n in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    assert (await app.reject(challenge)).status_code == 409
    assert (await app.show(challenge)).json()["answered_at"] is not None


async def test_a_verifier_of_another_request_opens_nothing(app) -> None:
    browser = app.bank.browser()
    first = await app.sent(browser)
    answer = await app.accept(first)
    verifier = parse_qs(urlsplit(answer.json()["redirect_to"]).query)["verifier"][0]
    second = await app.sent(browser)
    page = await browser.http.get("/oauth/continue", params={"request": second[43:], "verifier": verifier})
    assert page.status_code == 400
    mixed = first[:43] + second[43:]
    assert (await app.show(mixed)).status_code == 404
    assert (await app.accept(mixed)).status_code == 404


async def test_a_challenge_of_another_client_ends_with_that_client(app) -> None:
    """Whoever puts two clients' ways back together gets nowhere."""
    other = type(app.bank.partner)(app.bank, "client_other")
    await app.bank.register(other)
    browser = app.bank.browser()
    mine, theirs = await app.sent(browser), await app.sent(browser, other)
    verifiers = [
        parse_qs(urlsplit((await app.accept(one)).json()["redirect_to"]).query)["verifier"][0] for one in (mine, theirs)
    ]
    for challenge, verifier in ((mine, verifiers[1]), (theirs, verifiers[0])):
        swapped = {"request": challenge[43:], "verifier": verifier}
        assert (await browser.http.get("/oauth/continue", params=swapped)).status_code == 400


@pytest.mark.parametrize("challenge", ["x", "a" * 86, "a" * 85 + "%2F", "..%2Fclients"])
async def test_challenges_that_are_none(app, challenge) -> None:
    assert (await app.accept(challenge)).status_code == 404


async def test_a_verifier_that_is_none(app) -> None:
    browser = app.bank.browser()
    reference = (await app.sent(browser))[43:]
    for more in ({}, {"verifier": ""}, {"verifier": "x"}):
        page = await browser.http.get("/oauth/continue", params={"request": reference} | more)
        assert page.status_code == 400
    assert (await browser.http.get("/oauth/continue", params={"verifier": "x"})).status_code == 400
    assert (await browser.http.post("/oauth/continue", data={"verifier": "x"})).status_code == 405


async def test_a_challenge_lives_as_long_as_the_request(app) -> None:
    browser = app.bank.browser()
    challenge = await app.sent(browser)
    answered = await app.accept(await app.sent(browser))
    app.bank.clock.forward(700)
    assert (await app.show(challenge)).status_code == 404
    page = await browser.http.get(answered.json()["redirect_to"])
    assert page.status_code == 400


async def test_our_own_login_form_is_not_there(app) -> None:
    """Not even with a page of before the policy named the application."""
    before, now = app.bank.with_policy(oauth=paying.OAUTH), app.bank.browser()
    browser = before.browser()
    page = await browser.visit("client_one", await before.partner.pushed_uri())
    assert page.is_login
    now.http.cookies = browser.http.cookies
    form = page.hidden | {"username": "mia", "password": "right"}
    assert (await now.http.post("/oauth/login", data=form)).status_code == 404
    assert (await browser.log_in(page)).is_consent


async def test_the_list_holds_nothing_to_answer_with(app) -> None:
    browser = app.bank.browser()
    challenge = await app.sent(browser)
    listed = await app.http.get("/logins")
    (one,) = listed.json()["items"]
    assert (one["kind"], one["answered_at"]) == ("login", None)
    assert challenge not in listed.text
    assert challenge[43:] not in listed.text


@pytest.fixture
async def both(bank) -> Application:
    made = Application(bank, consent_url=CONSENT)
    partner = bank.partner.__class__(made.bank, "client_rich")
    await made.bank.register(partner, authorization_details_types=("payment", "accounts"))
    made.bank.partner = partner
    return made


async def consenting(app: Application, browser, *details) -> str:
    asked = paying.asking(*details) if details else {}
    page = await back(browser, await app.accept(await app.sent(browser, **asked)))
    return challenge_of(page, "consent")


async def test_consent_there_sees_the_exact_text_and_makes_the_grant(both) -> None:
    browser = both.bank.browser()
    challenge = await consenting(both, browser, {"type": "accounts", "accounts": ["a"]})
    request = (await both.show(challenge)).json()["request"]
    assert ["See the accounts a", []] in request["text"]
    assert (request["subject"], request["acr"], request["payment"]) == ("ext-7", GOLD, None)
    assert "code" in told(await back(browser, await both.consent(challenge)))
    (consent,) = [c for c in await both.bank.ports.records.list_consents() if c.state is ConsentState.AUTHORISED]
    assert consent.text_sha256 == request["text_sha256"]


async def test_a_payment_there_names_the_method_of_its_approval(both) -> None:
    browser = both.bank.browser()
    challenge = await consenting(both, browser, paying.payment())
    request = (await both.show(challenge)).json()["request"]
    assert (request["payment"]["amount"], request["payment"]["payee_name"]) == ("123.50", "Merchant A")
    assert (await both.consent(challenge)).json()["errors"][0]["at"] == "/amr"
    code = told(await back(browser, await both.consent(challenge, amr=["pin", "hwk"])))["code"]
    assert (await both.bank.partner.token(both.bank.partner.redemption(code))).status_code == 200
    (consent,) = await both.bank.ports.records.list_consents()
    assert both.bank.claims(consent.authentication_code)["factor"] == "pin hwk"


async def test_refused_there_the_consent_is_rejected(both) -> None:
    browser = both.bank.browser()
    challenge = await consenting(both, browser)
    assert told(await back(browser, await both.reject(challenge)))["error"] == "access_denied"
    assert [c.state for c in await both.bank.ports.records.list_consents()] == [ConsentState.REJECTED]


async def test_what_one_customer_consented_to_does_not_count_for_another(both) -> None:
    browser = both.bank.browser()
    first = await back(browser, await both.accept(await both.sent(browser)))
    challenge = challenge_of(first, "consent")
    wrong = await both.consent(challenge, subject="ext-8")
    assert wrong.json()["errors"][0]["at"] == "/subject"
    agreed = await both.consent(challenge)
    browser.http.cookies.delete("__Host-ringfence-session")
    page = await browser.follow(await browser.http.get(agreed.json()["redirect_to"]))
    assert challenge_of(page)  # who is logged in no more logs in again, and is asked again


async def test_an_answer_to_a_login_is_none_to_a_consent(both) -> None:
    browser = both.bank.browser()
    challenge = await consenting(both, browser)
    answer = await both.accept(challenge, subject="ext-9")
    assert answer.status_code == 400
    form = {"request": challenge[43:], "form_token": "x", "decision": "allow", "shown": "x"}
    assert (await browser.http.post("/oauth/consent", data=form)).status_code in (400, 404)
