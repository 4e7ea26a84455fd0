"""A payment is approved by amount and payee, carried out as approved, and once.  SCA RTS art. 4, 5; RFC 9396 §9."""

import asyncio
import importlib.util
import json
from pathlib import Path

import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from ringfence.clock import Instant
from ringfence.gateway.ports import NotSent
from ringfence.message import Response
from ringfence.problem import Reason, Refused
from ringfence.store.consent_states import ConsentState
from ringfence.store.interface import Unavailable

_spec = importlib.util.spec_from_file_location("oauth_paying", Path(__file__).parent / "paying.py")
paying = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(paying)
asking, payment, order = paying.asking, paying.payment, paying.order


@pytest.fixture
async def shop(bank):
    return await paying.paying_bank(bank)


def reason(answer) -> str:
    assert answer.status_code == 403, answer.text
    return answer.json()["type"].removeprefix("urn:ringfence:problem:")


async def test_amount_and_payee_stand_large_on_the_page_and_the_session_is_not_enough(shop) -> None:
    browser, page = await shop.consent_page(payment())
    assert '<dd id="payment-amount">123.50 EUR</dd>' in page.text
    assert '<dd id="payment-payee">Merchant A – DE02100100109307118603</dd>' in page.text
    for attempt in ({}, {"code": "000000"}, {"code": shop.recovery[0]}):
        again = await browser.submit(page, decision="allow", **attempt)
        assert again.is_consent
        assert again.answer.status_code == 401
        assert 'role="alert"' in again.text
    assert [one.state for one in await shop.consents()] == [ConsentState.AWAITING]
    page = await browser.submit(page, decision="allow", code=shop.code())
    assert "code" in paying.answered(page.answer.headers["location"])


async def test_the_code_of_the_login_does_not_approve_a_payment(shop) -> None:
    browser, uri = shop.bank.browser(), await shop.partner.pushed_uri(**asking(payment()))
    page = await browser.visit(shop.partner.client_id, uri)
    code = shop.code()
    page = await browser.submit(page, username="mia", password="right", code=code)
    again = await browser.submit(page, decision="allow", code=code)
    assert again.is_consent
    assert "has been used" in again.text


async def test_denying_needs_no_code(shop) -> None:
    browser, page = await shop.consent_page(payment())
    page = await browser.submit(page, decision="deny")
    assert paying.answered(page.answer.headers["location"])["error"] == "access_denied"


async def test_who_has_no_authenticator_cannot_approve(bank) -> None:
    made = bank.with_policy(oauth=paying.OAUTH)
    made.partner = type(bank.partner)(made, "client_paying")
    await made.register(made.partner, authorization_details_types=("payment",))
    browser, uri = made.browser(), await made.partner.pushed_uri(**asking(payment()))
    page = await browser.log_in(await browser.visit(made.partner.client_id, uri))
    answer = paying.answered(page.answer.headers["location"])
    assert answer["error"] == "unmet_authentication_requirements"


async def test_the_authentication_code_is_kept_with_the_consent_and_verifies(shop) -> None:
    tokens = await shop.tokens(payment())
    (consent,) = await shop.consents()
    jws = JWS()
    jws.deserialize(consent.authentication_code)
    head = json.loads(jws.objects["protected"])
    assert head["typ"] == "ringfence-authentication-code+jwt"
    jws.verify(JWK(**next(k for k in shop.bank.ports.signer.public_jwks()["keys"] if k["kid"] == head["kid"])))
    said = json.loads(jws.payload)
    expected = {
        "amount": "123.50",
        "currency": "EUR",
        "payee": "DE02100100109307118603",
        "payee_name": "Merchant A",
        "consent_id": consent.consent_id,
        "client_id": "client_paying",
        "user_id": "user_mia",
        "text_sha256": consent.text_sha256,
        "factor": "otp",
        "iat": int(consent.decided_at),
    }
    assert {name: said[name] for name in expected} == expected
    assert shop.bank.claims(tokens["access_token"])["consent_id"] == consent.consent_id


async def test_the_authentication_code_is_no_access_token(shop) -> None:
    await shop.tokens(payment())
    (consent,) = await shop.consents()
    answer = await shop.pay(consent.authentication_code, order())
    assert answer.status_code == 401
    assert answer.json()["type"].endswith("token-malformed")


@pytest.mark.parametrize(
    "details",
    [
        (payment(), payment("2.00")),
        (payment(), {"type": "accounts", "accounts": ["a"]}, payment("2.00", reference="x")),
        (payment(creditorName="Merchant\u200b A"),),  # what is approved is what is seen
        (payment(creditorAccount={"iban": "DE02\u202e1001"}),),
    ],
)
async def test_one_payment_that_can_be_seen_is_approved_at_a_time(shop, details) -> None:
    answer = await shop.partner.push(**asking(*details))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_authorization_details")


@pytest.mark.parametrize("action", ["merge", "replace"])
async def test_a_payment_is_never_put_into_a_grant_that_is_there(shop, action) -> None:
    lasting = await shop.tokens({"type": "accounts", "accounts": ["a"]})
    more = {"grant_management_action": action, "grant_id": lasting["grant_id"]}
    answer = await shop.partner.push(**asking(payment(), **more))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_authorization_details")


async def test_the_payment_that_was_approved_goes_through_and_its_consent_is_consumed(shop) -> None:
    tokens = await shop.tokens(payment())
    assert (await shop.pay(tokens["access_token"], order())).status_code == 201
    (consent,) = await shop.consents()
    assert consent.state is ConsentState.CONSUMED
    moved = shop.bank.events.of("ConsentMoved")[-1]
    assert (moved.consent, moved.state) == (consent.consent_id, "Consumed")
    assert reason(await shop.pay(tokens["access_token"], order())) == "consent-used"
    again = await shop.partner.token({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    assert reason(await shop.pay(again.json()["access_token"], order())) == "consent-used"
    assert len(shop.upstream.made) == 1


CHANGED = {
    "amount": (order("123.51"), "/data/amount/value"),
    "a larger amount": (order("1123.50"), "/data/amount/value"),
    "exponent": (order("12350e-2"), "/data/amount/value"),
    "white space": (order(" 123.50"), "/data/amount/value"),
    "sign": (order("+123.50"), "/data/amount/value"),
    "separator": (order("1_23.50"), "/data/amount/value"),
    "comma": (order("123,50"), "/data/amount/value"),
    "other digits": (order("\u0661\u0662\u0663.50"), "/data/amount/value"),
    "line end": (order("123.50\n"), "/data/amount/value"),
    "currency": (order(currency="USD"), "/data/amount/currency"),
    "small letters": (order(currency="eur"), "/data/amount/currency"),
    "payee": (order(iban="GB33BUKB20201555555555"), "/data/to/iban"),
    "payee with spaces": (order(iban="DE02 1001 0010 9307 1186 03"), "/data/to/iban"),
    "lookalike": (order(name=paying.lookalike("Merchant A")), "/data/to/name"),
    "invisible": (order(name="Merchant\u200b A"), "/data/to/name"),
}


@pytest.mark.parametrize("what", CHANGED)
async def test_whatever_changes_is_refused_by_name_and_nothing_is_used_up(shop, what) -> None:
    body, at = CHANGED[what]
    tokens = await shop.tokens(payment())
    answer = await shop.pay(tokens["access_token"], body)
    assert reason(answer) == "payment-changed"
    assert [error["at"] for error in answer.json()["errors"]] == [at]
    assert "123.5" not in answer.text
    assert "Merchant" not in answer.text
    assert not shop.upstream.made
    assert (await shop.pay(tokens["access_token"], order())).status_code == 201


async def test_a_payee_composed_otherwise_does_not_even_get_so_far(shop) -> None:
    tokens = await shop.tokens(payment())
    answer = await shop.pay(tokens["access_token"], order(name="Merchant \u0041\u030a"))
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:ringfence:problem:text-not-normal")
    assert (await shop.pay(tokens["access_token"], order())).status_code == 201


@pytest.mark.parametrize("body", [{}, {"data": {}}, {"data": {"to": order()["data"]["to"]}}, {"note": "x"}])
async def test_a_payment_that_leaves_members_out_is_another_one(shop, body) -> None:
    tokens = await shop.tokens(payment())
    answer = await shop.pay(tokens["access_token"], body)
    assert reason(answer) == "payment-changed"
    assert len(answer.json()["errors"]) >= 2


@pytest.mark.parametrize(
    ("granted", "sent"),
    [("10.00", '"10.0"'), ("10.00", '"10"'), ("10.00", "10.0"), ("10.00", "1e1"), ("0.30", "0.3")],
)
async def test_amounts_are_compared_as_exact_numbers(shop, granted, sent) -> None:
    tokens = await shop.tokens(payment(granted))
    body = json.dumps(order()).replace('"123.50"', sent).encode()
    assert (await shop.pay(tokens["access_token"], body)).status_code == 201


@pytest.mark.parametrize("sent", ['"10.000000000000000001"', "10.000000000000000001", '"1e1"', "9.999999999999999999"])
async def test_no_amount_is_rounded(shop, sent) -> None:
    tokens = await shop.tokens(payment("10.00"))
    body = json.dumps(order()).replace('"123.50"', sent).encode()
    assert reason(await shop.pay(tokens["access_token"], body)) == "payment-changed"


async def test_a_token_without_a_payment_makes_none(shop) -> None:
    tokens = await shop.tokens({"type": "accounts", "accounts": ["a"]})
    answer = await shop.pay(tokens["access_token"], order())
    assert reason(answer) == "payment-changed"
    assert "no approval" in answer.json()["detail"]


async def test_a_token_narrowed_to_something_else_makes_no_payment(shop) -> None:
    accounts = {"type": "accounts", "accounts": ["a"]}
    tokens = await shop.tokens(payment(), accounts)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    less = (await shop.partner.token(form | asking(accounts))).json()
    assert "consent_id" not in shop.bank.claims(less["access_token"])
    assert reason(await shop.pay(less["access_token"], order())) == "payment-changed"


@pytest.mark.parametrize("seconds", [0.0, 0.05])
async def test_of_fifty_payments_at_once_on_one_consent_exactly_one_passes(shop, seconds) -> None:
    tokens = await shop.tokens(payment())
    shop.upstream.seconds = seconds
    answers = await asyncio.gather(*(shop.pay(tokens["access_token"], order()) for _ in range(50)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] + [403] * 49, statuses
    assert len(shop.upstream.made) == 1


async def test_nothing_sent_gives_the_consent_back(shop) -> None:
    tokens = await shop.tokens(payment())
    shop.upstream.fails = NotSent(Reason.UPSTREAM_UNREACHABLE)
    assert (await shop.pay(tokens["access_token"], order())).status_code == 502
    (consent,) = await shop.consents()
    assert (consent.state, consent.used_by) == (ConsentState.AUTHORISED, "")
    shop.upstream.fails = None
    assert (await shop.pay(tokens["access_token"], order())).status_code == 201


@pytest.mark.parametrize(
    "fails", [Refused(Reason.UPSTREAM_TIMEOUT), Refused(Reason.UPSTREAM_INVALID), RuntimeError("whatever")]
)
async def test_an_outcome_that_is_not_known_uses_the_consent_up(shop, fails) -> None:
    tokens = await shop.tokens(payment())
    shop.upstream.fails = fails
    assert (await shop.pay(tokens["access_token"], order())).status_code >= 500
    (consent,) = await shop.consents()
    assert consent.state is ConsentState.CONSUMED
    shop.upstream.fails = None
    assert reason(await shop.pay(tokens["access_token"], order())) == "consent-used"


@pytest.mark.parametrize("status", [400, 409, 500, 503])
async def test_whatever_the_api_answers_the_consent_is_used_up(shop, status) -> None:
    tokens = await shop.tokens(payment())
    shop.upstream.answer = Response(status, (), b"")
    await shop.pay(tokens["access_token"], order())
    shop.upstream.answer = Response(201, (), b"")
    assert reason(await shop.pay(tokens["access_token"], order())) == "consent-used"


async def test_a_caller_who_leaves_has_used_the_consent(shop) -> None:
    tokens = await shop.tokens(payment())
    shop.upstream.seconds = 30
    call = asyncio.create_task(shop.pay(tokens["access_token"], order()))
    async with asyncio.timeout(10):
        while not shop.upstream.made:
            await asyncio.sleep(0.01)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    async with asyncio.timeout(10):
        while (await shop.consents())[0].state is not ConsentState.CONSUMED:
            await asyncio.sleep(0.01)


async def test_a_call_that_died_leaves_the_consent_used_and_it_comes_to_be_consumed(shop) -> None:
    tokens = await shop.tokens(payment())
    records, now = shop.bank.ports.records, shop.bank.clock.now
    (consent,) = await shop.consents()
    assert await records.use_consent(consent.consent_id, "client_paying", "call_died", now)
    assert reason(await shop.pay(tokens["access_token"], order())) == "consent-used"
    assert await records.expire_consents(Instant(now + 1e9)) == []
    assert await records.spend_abandoned(Instant(now - 1), now) == []
    (spent,) = await records.spend_abandoned(now, now)
    assert (spent.state, spent.used_by) == (ConsentState.CONSUMED, "call_died")


async def test_a_withdrawn_consent_makes_no_payment(shop) -> None:
    tokens = await shop.tokens(payment())
    await shop.bank.ports.records.revoke_grant(tokens["grant_id"], "withdrawn", shop.bank.clock.now)
    assert reason(await shop.pay(tokens["access_token"], order())) == "consent-used"


async def test_what_was_approved_some_time_ago_is_not_paid_any_more(shop) -> None:
    tokens = await shop.tokens(payment())
    (consent,) = await shop.consents()
    assert consent.expires_at == consent.decided_at + 900
    shop.bank.clock.forward(901)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    again = (await shop.partner.token(form)).json()["access_token"]
    assert reason(await shop.pay(again, order())) == "consent-used"
    assert not shop.upstream.made


async def test_another_clients_consent_is_not_used(shop) -> None:
    await shop.tokens(payment())
    (consent,) = await shop.consents()
    assert not await shop.bank.ports.records.use_consent(consent.consent_id, "client_one", "c", shop.bank.clock.now)


async def test_without_records_no_payment_goes_out(shop, monkeypatch) -> None:
    tokens = await shop.tokens(payment())

    async def gone(*_: object) -> bool:
        raise Unavailable("gone")

    monkeypatch.setattr(shop.bank.ports.records, "use_consent", gone)
    assert (await shop.pay(tokens["access_token"], order())).status_code == 503
    assert not shop.upstream.made


async def test_partner_and_customer_see_that_it_was_used(shop) -> None:
    tokens = await shop.tokens(payment())
    path = f"/oauth/grants/{tokens['grant_id']}"

    async def told() -> dict:
        form = {"grant_type": "client_credentials", "scope": "grant_management_query"}
        token = (await shop.partner.token(form)).json()["access_token"]
        headers = {"authorization": f"DPoP {token}", "dpop": shop.partner.proof(path, "GET", token=token)}
        return (await shop.bank.http.get(path, headers=headers)).json()

    assert (await told())["consent_state"] == "Authorised"
    assert (await shop.pay(tokens["access_token"], order())).status_code == 201
    assert (await told())["consent_state"] == "Consumed"
    browser, _ = await shop.consent_page({"type": "accounts", "accounts": ["a"]})
    page = await browser.follow(await browser.http.get("/oauth/my/grants"))
    assert "This payment has been carried out" in page.text
