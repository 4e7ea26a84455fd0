"""Requests without a redirect: asked, answered on the customer's own page, polled, redeemed once.  OpenID CIBA Core 1.0; FAPI-CIBA."""

import asyncio
import importlib.util
import json
import secrets
import sys
from pathlib import Path

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from ringfence.ids import token_hash
from ringfence.oauth.backchannel import Notification
from ringfence.oauth.login_names import name_digest
from ringfence.oauth.totp import new_secret
from ringfence.problem import Reason
from ringfence.store.consent_states import ConsentState
from ringfence.store.model import User

_spec = importlib.util.spec_from_file_location("without_redirect", Path(__file__).parent / "without_redirect.py")
back = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(back)
sign = sys.modules["oauth_harness"].sign
ISSUER = "https://bank.example"


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


async def test_asked_answered_and_redeemed(bank):
    bank = await back.ciba_bank(bank)
    partner = bank.partner
    answer = await back.ask(partner)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["expires_in"], body["interval"]) == (300, 5)
    assert error(await back.poll(partner, body["auth_req_id"])) == (400, "authorization_pending")
    browser = await back.logged_in(bank)
    page = await back.waiting(browser)
    for text in ("Partner client_ciba asks", "Till 4, 12.50 €", "Know who you are", "See your accounts"):
        assert text in page.text
    assert "<script" not in page.text
    assert (await back.answer(browser)).headers["location"] == back.REQUESTS
    assert "no-requests" in (await back.waiting(browser)).text
    answer = await back.poll(partner, body["auth_req_id"])
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    claims = bank.claims(tokens["access_token"])
    assert (claims["sub"], claims["scope"]) == ("user_mia", "openid accounts")
    assert claims["cnf"] == {"jkt": partner.dpop.thumbprint()}
    assert "sid" not in claims
    identity = bank.claims(tokens["id_token"])
    assert (identity["aud"], identity["sub"], identity["acr"]) == (
        partner.client_id,
        "user_mia",
        "urn:ringfence:acr:password",
    )
    assert (await partner.userinfo(tokens["access_token"])).json()["sub"] == "user_mia"
    assert error(await back.poll(partner, body["auth_req_id"])) == (400, "invalid_grant")
    refreshed = await partner.token({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    assert refreshed.status_code == 200


async def test_the_text_that_was_shown_is_kept_and_the_message_is_in_it(bank):
    bank = await back.ciba_bank(bank)
    await back.asked(bank.partner)
    browser = await back.logged_in(bank)
    shown = back.forms(await back.waiting(browser))[0].hidden["shown"]
    await back.answer(browser)
    (first,) = await bank.ports.records.list_consents()
    assert (first.state, first.text_sha256, first.user_id) == (ConsentState.AUTHORISED, shown, "user_mia")
    await back.asked(bank.partner, binding_message="Till 5, 12.50 €")
    assert back.forms(await back.waiting(browser))[0].hidden["shown"] != shown
    assert [event.state for event in bank.events.of("ConsentMoved")] == [
        "AwaitingAuthorisation",
        "Authorised",
        "AwaitingAuthorisation",
    ]


async def test_what_is_refused_stays_refused(bank):
    bank = await back.ciba_bank(bank)
    auth_req_id = await back.asked(bank.partner)
    await back.answer(await back.logged_in(bank), "deny")
    for _ in range(2):
        assert error(await back.poll(bank.partner, auth_req_id)) == (400, "access_denied")
    (consent,) = await bank.ports.records.list_consents()
    assert consent.state is ConsentState.REJECTED
    assert not await bank.ports.records.list_grants()


async def test_only_hashes_and_seals_are_kept(bank):
    bank = await back.ciba_bank(
        bank, backchannel_token_delivery_mode="ping", backchannel_client_notification_endpoint=back.NOTIFY
    )
    auth_req_id = await back.asked(bank.partner, client_notification_token=back.NOTIFICATION_TOKEN)
    kept = await bank.ports.records.backchannel_request(token_hash(auth_req_id))
    assert auth_req_id not in repr(kept)
    assert back.NOTIFICATION_TOKEN not in repr(kept)
    opened = bank.ports.sealer.unseal(kept.notification, bank.partner.client_id)
    assert msgspec.json.decode(opened, type=Notification) == Notification(auth_req_id, back.NOTIFICATION_TOKEN)


@pytest.mark.parametrize("racers", [50])
async def test_of_many_redemptions_at_once_exactly_one_wins(bank, racers):
    bank = await back.ciba_bank(bank)
    auth_req_id = await back.asked(bank.partner)
    await back.answer(await back.logged_in(bank))
    answers = await asyncio.gather(*(back.poll(bank.partner, auth_req_id) for _ in range(racers)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) == 1
    assert {answer.json().get("error") for answer in answers} == {None, "invalid_grant"}


async def test_of_many_answers_at_once_exactly_one_counts(bank):
    bank = await back.ciba_bank(bank)
    await back.asked(bank.partner)
    browser = await back.logged_in(bank)
    form = back.forms(await back.waiting(browser))[0]
    decisions = ["allow", "deny"] * 15
    answers = await asyncio.gather(*(back.answer(browser, decision, form) for decision in decisions))
    assert [answer.status_code for answer in answers].count(303) == 1
    assert {answer.status_code for answer in answers} <= {303, 404, 409}
    (consent,) = await bank.ports.records.list_consents()
    assert len(await bank.ports.records.list_grants()) == (consent.state is ConsentState.AUTHORISED)


async def test_another_clients_auth_req_id_is_worth_nothing_and_stays_good(bank):
    bank = await back.ciba_bank(bank)
    thief = await back.ciba_partner(bank, "client_thief")
    auth_req_id = await back.asked(bank.partner)
    assert error(await back.poll(thief, auth_req_id)) == (400, "invalid_grant")
    await back.answer(await back.logged_in(bank))
    assert error(await back.poll(thief, auth_req_id)) == (400, "invalid_grant")
    assert (await back.poll(bank.partner, auth_req_id)).status_code == 200


async def test_a_request_expires_for_client_and_customer(bank):
    bank = await back.ciba_bank(bank)
    auth_req_id = await back.asked(bank.partner, requested_expiry="40")
    browser = await back.logged_in(bank)
    form = back.forms(await back.waiting(browser))[0]
    bank.clock.forward(40)
    assert error(await back.poll(bank.partner, auth_req_id)) == (400, "expired_token")
    assert "no-requests" in (await back.waiting(browser)).text
    assert (await back.answer(browser, form=form)).status_code == 404
    assert [consent.state for consent in await bank.ports.records.expire_consents(bank.clock.now)] == [
        ConsentState.EXPIRED
    ]


async def test_what_was_allowed_but_not_fetched_in_time_is_gone(bank):
    bank = await back.ciba_bank(bank)
    auth_req_id = await back.asked(bank.partner)
    await back.answer(await back.logged_in(bank))
    bank.clock.forward(301)
    assert error(await back.poll(bank.partner, auth_req_id)) == (400, "expired_token")


@pytest.mark.parametrize(("asked", "seconds"), [(None, 300), ("1", 1), ("900", 900), ("901", 900), ("999999999", 900)])
async def test_the_time_to_answer_is_bounded(bank, asked, seconds):
    bank = await back.ciba_bank(bank)
    assert (await back.ask(bank.partner, requested_expiry=asked)).json()["expires_in"] == seconds


async def test_the_server_counts_the_polls(bank):
    bank = await back.ciba_bank(bank)
    auth_req_id = await back.asked(bank.partner)
    assert error(await back.poll(bank.partner, auth_req_id))[1] == "authorization_pending"
    bank.clock.forward(4)
    assert error(await back.poll(bank.partner, auth_req_id))[1] == "slow_down"
    bank.clock.forward(9)  # the interval is 10 from now on
    assert error(await back.poll(bank.partner, auth_req_id))[1] == "slow_down"
    bank.clock.forward(15)
    assert error(await back.poll(bank.partner, auth_req_id))[1] == "authorization_pending"
    assert (await bank.ports.records.backchannel_request(token_hash(auth_req_id))).interval == 15


async def test_a_flood_of_polls_gets_one_answer_and_a_bounded_interval(bank):
    bank = await back.ciba_bank(bank)
    auth_req_id = await back.asked(bank.partner)
    answers = await asyncio.gather(*(back.poll(bank.partner, auth_req_id) for _ in range(40)))
    errors = [error(answer)[1] for answer in answers]
    assert (errors.count("authorization_pending"), errors.count("slow_down")) == (1, 39)
    assert (await bank.ports.records.backchannel_request(token_hash(auth_req_id))).interval == 60
    # an answer is not kept from a client that has been too fast
    await back.answer(await back.logged_in(bank))
    assert (await back.poll(bank.partner, auth_req_id)).status_code == 200


async def test_an_answer_does_not_tell_whether_there_is_such_a_customer(bank):
    bank = await back.ciba_bank(bank)
    await bank.ports.records.add_user(
        User(user_id="user_off", username="off", password_hash="x", status="disabled", created_at=bank.clock.now)
    )
    answers = {}
    for name in ("mia", "nobody", "off", "user_mia", "' or 1=1 --"):
        asked = await back.ask(bank.partner, login_hint=name)
        polled = await back.poll(bank.partner, asked.json()["auth_req_id"])
        again = await back.poll(bank.partner, asked.json()["auth_req_id"])
        bank.clock.forward(301)
        late = await back.poll(bank.partner, asked.json()["auth_req_id"])
        headers = {k: v for k, v in asked.headers.items() if k not in ("x-correlation-id", "content-length")}
        answers[name] = (
            {k: v for k, v in asked.json().items() if k != "auth_req_id"},
            asked.status_code,
            headers,
            len(asked.content),
            error(polled),
            error(again),
            error(late),
        )
    assert all(answer == answers["mia"] for answer in answers.values())


async def test_requests_about_one_customer_are_limited_whether_there_is_one_or_not(bank):
    bank = await back.ciba_bank(bank)
    for name in ("mia", "nobody"):
        statuses = [(await back.ask(bank.partner, login_hint=name)).status_code for _ in range(12)]
        assert statuses == [200] * 10 + [429] * 2
    other = await back.ciba_partner(bank, "client_calm")
    assert (await back.ask(other)).status_code == 200


async def test_a_message_is_needed_unless_the_details_say_what_it_is_about(bank):
    bank = await back.ciba_bank(bank)
    assert error(await back.ask(bank.partner, binding_message=None)) == (400, "invalid_request")
    details = back.rich.asking(back.rich.payment(), scope="openid")
    auth_req_id = await back.asked(bank.partner, binding_message=None, **details)
    browser = await back.logged_in(bank)
    assert "Pay 123.50 EUR to Merchant A" in (await back.waiting(browser)).text
    await back.answer(browser)
    tokens = (await back.poll(bank.partner, auth_req_id)).json()
    assert tokens["authorization_details"] == [back.rich.payment()]
    assert bank.claims(tokens["access_token"])["authorization_details"] == [back.rich.payment()]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"scope": None}, "invalid_scope"),
        ({"scope": "accounts"}, "invalid_scope"),
        ({"scope": "openid nothing"}, "invalid_scope"),
        ({"scope": "openid grant_management_query"}, "invalid_scope"),
        ({"login_hint": None}, "invalid_request"),
        ({"login_hint": "x" * 257}, "invalid_request"),
        ({"id_token_hint": "x"}, "invalid_request"),
        ({"login_hint": None, "id_token_hint": "x.y.z"}, "invalid_request"),
        ({"login_hint": None, "login_hint_token": "x.y.z"}, "invalid_request"),
        ({"requested_expiry": "0"}, "invalid_request"),
        ({"requested_expiry": "-5"}, "invalid_request"),
        ({"requested_expiry": "1e3"}, "invalid_request"),
        ({"acr_values": "urn:none"}, "unmet_authentication_requirements"),
        ({"authorization_details": "[]"}, "invalid_authorization_details"),
        ({"authorization_details": '[{"type":"unknown"}]'}, "invalid_authorization_details"),
        ({"request_uri": "urn:x"}, "invalid_request"),
        ({"grant_management_action": "merge", "grant_id": "grant_x"}, "invalid_request"),
        ({"request": "x.y.z"}, "invalid_request_object"),
    ],
)
async def test_faults_are_told_by_their_codes(bank, changes, expected):
    bank = await back.ciba_bank(bank)
    assert error(await back.ask(bank.partner, **changes)) == (400, expected)


async def test_a_client_that_has_not_registered_for_it_may_not_ask(bank):
    assert error(await back.ask(bank.partner)) == (400, "unauthorized_client")
    assert error(await back.poll(bank.partner, "x")) == (400, "unauthorized_client")
    answer = await bank.http.post("/oauth/bc-authorize", data=back.asking(client_id="client_one"))
    assert error(answer) == (401, "invalid_client")


async def test_polls_that_are_malformed(bank):
    bank = await back.ciba_bank(bank)
    assert error(await bank.partner.token({"grant_type": back.CIBA})) == (400, "invalid_request")
    assert error(await back.poll(bank.partner, secrets.token_urlsafe(32))) == (400, "invalid_grant")
    auth_req_id = await back.asked(bank.partner)
    without_proof = await bank.partner.token({"grant_type": back.CIBA, "auth_req_id": auth_req_id}, proof=None)
    assert error(without_proof) == (400, "invalid_dpop_proof")


async def test_a_hint_in_an_id_token_of_ours_even_expired(bank):
    bank = await back.ciba_bank(bank)
    raw = (await bank.partner.tokens())["id_token"]
    bank.clock.forward(10_000)
    await back.asked(bank.partner, login_hint=None, id_token_hint=raw)
    assert len(await bank.ports.records.pending_backchannel_requests("user_mia", bank.clock.now)) == 1
    thief = await back.ciba_partner(bank, "client_thief")
    assert error(await back.ask(thief, login_hint=None, id_token_hint=raw)) == (400, "invalid_request")
    access = (await bank.partner.tokens())["access_token"]
    assert error(await back.ask(bank.partner, login_hint=None, id_token_hint=access)) == (400, "invalid_request")
    forged = sign(bank.partner.key, bank.claims(raw), kid=bank.ports.signer.public_jwks()["keys"][0]["kid"])
    assert error(await back.ask(bank.partner, login_hint=None, id_token_hint=forged)) == (400, "invalid_request")


def hint_token(partner, header=None, **changes) -> str:
    now = int(partner.bank.clock.now)
    claims = {
        "iss": partner.client_id,
        "aud": ISSUER,
        "iat": now,
        "exp": now + 60,
        "sub_id": {"format": "opaque", "id": "mia"},
    } | changes
    return sign(partner.key, {k: v for k, v in claims.items() if v is not None}, kid=partner.key.kid, **(header or {}))


async def test_a_hint_that_the_client_signed(bank):
    bank = await back.ciba_bank(bank)

    async def tried(**changes) -> httpx.Response:
        return await back.ask(bank.partner, login_hint=None, login_hint_token=hint_token(bank.partner, **changes))

    subject = {"format": "iss_sub", "iss": ISSUER, "sub": "user_mia"}
    for sub_id in ({"format": "opaque", "id": "mia"}, subject, subject | {"sub": "user_none"}):
        assert (await tried(sub_id=sub_id)).status_code == 200
    assert len(await bank.ports.records.pending_backchannel_requests("user_mia", bank.clock.now)) == 2
    assert error(await tried(exp=int(bank.clock.now) - 31)) == (400, "expired_login_hint_token")
    assert bank.events.of("TokenDecided")[-1].reason == Reason.LOGIN_HINT_EXPIRED.value
    for changes in (
        {"iss": "client_two"},
        {"aud": "https://other.example"},
        {"exp": None},
        {"sub": "user_mia"},
        {"sub_id": None},
        {"sub_id": {"format": "iss_sub", "iss": "https://other.example", "sub": "user_mia"}},
        {"sub_id": {"format": "email", "email": "mia@bank.example"}},
        {"iat": int(bank.clock.now) + 100},
    ):
        assert error(await tried(**changes)) == (400, "invalid_request")
    assert error(await tried(header={"typ": "dpop+jwt"})) == (400, "invalid_request")


def request_object(partner, **changes) -> str:
    now = int(partner.bank.clock.now)
    claims = {
        "iss": partner.client_id,
        "aud": ISSUER,
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        "jti": secrets.token_urlsafe(16),
        "scope": "openid accounts",
        "login_hint": "mia",
        "binding_message": "W4SCT",
    } | changes
    return sign(partner.key, {k: v for k, v in claims.items() if v is not None}, kid=partner.key.kid)


async def test_a_signed_request_counts_and_what_stands_beside_it_does_not(bank):
    bank = await back.ciba_bank(bank, require_signed_request_object=True)
    partner = bank.partner
    assert error(await back.ask(partner)) == (400, "invalid_request")
    signed = request_object(partner)
    beside = {"request": signed, "scope": "openid payments", "login_hint": "nobody"}
    answer = await partner.post("/oauth/bc-authorize", beside)
    assert answer.status_code == 200, answer.text
    (kept,) = await bank.ports.records.pending_backchannel_requests("user_mia", bank.clock.now)
    assert kept.parameters["scope"] == "openid accounts"
    again = await partner.post("/oauth/bc-authorize", {"request": signed})
    assert error(again) == (400, "invalid_request_object")
    now = int(bank.clock.now)
    for changes in (
        {"jti": None},
        {"iat": None},
        {"nbf": None},
        {"exp": None},
        {"iss": None},
        {"iss": "client_two"},
        {"aud": "https://other.example"},
        {"exp": now - 60},
        {"nbf": now - 4000},
        {"response_type": "code"},
        {"redirect_uri": "https://partner.example/callback"},
        {"sub": partner.client_id},
        {"client_id": "client_two"},
    ):
        answer = await partner.post("/oauth/bc-authorize", {"request": request_object(partner, **changes)})
        assert error(answer) == (400, "invalid_request_object"), changes
    # neither kind of request passes for the other, and a client assertion for neither
    pushed = await partner.post("/oauth/par", {"request": request_object(partner)})
    assert pushed.status_code == 400
    assertion = await partner.post("/oauth/bc-authorize", {"request": partner.assertion()})
    assert error(assertion) == (400, "invalid_request_object")


async def enrolled(bank) -> bytes:
    secret = new_secret(bank.ports.random)
    sealed = bank.ports.sealer.seal(secret, "user_mia")
    assert await bank.ports.records.enrol_authenticator("user_mia", sealed, 1, "")
    return secret


async def test_two_factors_are_asked_for_where_the_client_wants_them(bank):
    bank = await back.ciba_bank(bank)
    two = {"acr_values": "urn:ringfence:acr:two-factor"}
    auth_req_id = await back.asked(bank.partner, **two)
    browser = await back.logged_in(bank)
    page = await back.waiting(browser)
    assert "-unmet" in page.text
    assert "-allow" not in page.text
    assert (await back.answer(browser)).status_code == 400  # a form that was made by hand
    assert error(await back.poll(bank.partner, auth_req_id))[1] == "authorization_pending"
    secret = await enrolled(bank)
    code = totp_code(secret, bank.clock.now)
    browser = await back.logged_in(bank, code=code)
    assert (await back.answer(browser)).status_code == 401  # without a code
    assert (await back.answer(browser, code=code)).status_code == 401  # used at the login
    told = [(event.reason, event.username_hash) for event in bank.events.of("LoginDecided")]
    assert told[-2:] == [(Reason.SECOND_FACTOR.value, name_digest("mia", bank.server))] * 2
    bank.clock.forward(30)
    code = totp_code(secret, bank.clock.now)
    assert (await back.answer(browser, code=code)).status_code == 303
    tokens = (await back.poll(bank.partner, auth_req_id)).json()
    assert bank.claims(tokens["access_token"])["acr"] == "urn:ringfence:acr:two-factor"


def totp_code(secret: bytes, now: float) -> str:
    return TOTP(secret, 6, SHA1(), 30).generate(int(now)).decode()


@pytest.mark.parametrize("attack", ["no token", "another page's token", "cross-site", "in the URL", "other text"])
async def test_forged_answers_do_nothing(bank, attack):
    bank = await back.ciba_bank(bank)
    auth_req_id = await back.asked(bank.partner)
    browser = await back.logged_in(bank)
    form, headers = back.forms(await back.waiting(browser))[0], {}
    match attack:
        case "no token":
            del form.hidden["form_token"]
        case "another page's token":
            page = await browser.follow(await browser.http.get("/oauth/my/grants"))
            form.hidden["form_token"] = back.forms(page)[-1].hidden["form_token"]
        case "cross-site":
            headers["sec-fetch-site"] = "cross-site"
        case "in the URL":
            form.action += "?decision=allow"
        case "other text":
            form.hidden["shown"] = "0" * 64
    answer = await back.answer(browser, form=form, headers=headers)
    assert answer.status_code == (303 if attack == "other text" else 400)
    assert error(await back.poll(bank.partner, auth_req_id))[1] == "authorization_pending"


async def test_nobody_answers_for_another_customer(bank):
    bank = await back.ciba_bank(bank)
    await bank.ports.records.add_user(
        User(user_id="user_leo", username="leo", password_hash="right", created_at=bank.clock.now)
    )
    await back.asked(bank.partner)
    mia, leo = await back.logged_in(bank), await back.logged_in(bank, "leo")
    form = back.forms(await back.waiting(mia))[0]
    assert "no-requests" in (await back.waiting(leo)).text
    await back.asked(bank.partner, login_hint="leo")
    own = back.forms(await back.waiting(leo))[0]
    own.hidden |= {"consent": form.hidden["consent"], "shown": form.hidden["shown"]}
    assert (await back.answer(leo, form=own)).status_code == 404
    assert (await back.answer(mia, form=form)).status_code == 303


async def test_a_stopped_customer_or_client_gets_nothing_more(bank):
    bank = await back.ciba_bank(bank)
    auth_req_id = await back.asked(bank.partner)
    await back.answer(await back.logged_in(bank))
    await bank.ports.records.set_user_status("user_mia", "disabled")
    assert error(await back.poll(bank.partner, auth_req_id)) == (400, "invalid_grant")
    await bank.ports.records.set_user_status("user_mia", "active")
    (grant,) = await bank.ports.records.list_grants()
    await bank.ports.records.revoke_grant(grant.grant_id, "test", bank.clock.now)
    assert error(await back.poll(bank.partner, auth_req_id)) == (400, "invalid_grant")


async def test_the_metadata_says_what_there_is(bank):
    found = (await bank.http.get("/.well-known/openid-configuration")).json()
    assert found["backchannel_authentication_endpoint"] == f"{ISSUER}/oauth/bc-authorize"
    assert found["backchannel_token_delivery_modes_supported"] == ["poll", "ping"]
    assert found["backchannel_user_code_parameter_supported"] is False
    assert back.CIBA in found["grant_types_supported"]
    assert "push" not in json.dumps(found["backchannel_token_delivery_modes_supported"])
