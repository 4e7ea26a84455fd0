"""Rich authorization requests: what is asked for is checked, shown, granted and handed on exactly.  RFC 9396."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("oauth_rich", Path(__file__).parent / "rich.py")
rich = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rich)
asking, payment = rich.asking, rich.payment


@pytest.fixture
async def rar(bank):
    return await rich.rich_bank(bank)


async def refused(answer) -> None:
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == "invalid_authorization_details"


async def test_a_payment_is_shown_granted_and_told_to_everybody_alike(rar):
    wanted = payment(reference="Invoice 7")
    browser = rar.browser()
    uri = await rar.partner.pushed_uri(**asking(wanted, scope="openid"))
    page = await browser.consent_page(rar.partner.client_id, uri)
    assert "Pay 123.50 EUR to Merchant A, account DE02100100109307118603" in page.text
    assert "<dt>reference</dt><dd>Invoice 7</dd>" in page.text
    location = (await browser.submit(page, decision="allow")).answer.headers["location"]
    answer = await rar.partner.token(rar.partner.redemption(rich.answered(location)["code"]))
    tokens = answer.json()
    assert tokens["authorization_details"] == [wanted]
    assert rar.claims(tokens["access_token"])["authorization_details"] == [wanted]
    told = await rar.partner.post("/oauth/introspect", {"token": tokens["access_token"]})
    assert told.json()["authorization_details"] == [wanted]
    told = await rar.partner.post("/oauth/introspect", {"token": tokens["refresh_token"]})
    assert told.json()["authorization_details"] == [wanted]
    again = await rar.partner.token({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    assert again.json()["authorization_details"] == [wanted]


async def test_details_alone_need_no_scope(rar):
    tokens = await rar.partner.tokens(**asking(payment(), scope=None))
    assert "scope" not in tokens
    assert tokens["authorization_details"] == [payment()]


@pytest.mark.parametrize(
    "details",
    [
        "not json",
        "{}",
        "[]",
        "[1]",
        '[{"no": "type"}]',
        '[{"type": 7}]',
        '[{"type": "loan"}]',
        '[{"type": "accounts", "type": "payment", "accounts": ["a"]}]',  # a duplicate member reads two ways
        '[{"type": "accounts", "accounts": []}]',
        '[{"type": "accounts", "accounts": ["a"], "more": "b"}]',  # RFC 9396 §5: unknown members
        json.dumps([payment("1e5")]),
        json.dumps([payment(creditorName="")]),
        json.dumps([payment() | {"instructedAmount": {"amount": 123.50, "currency": "EUR"}}]),
        json.dumps([payment() | {"instructedAmount": {"amount": "1.00", "currency": "EUR", "limit": "none"}}]),
        json.dumps([payment()] * 11),
        json.dumps([payment(reference="x" * 9000)]),
        '[{"type":"accounts","accounts":["a"],"n":9007199254740993}]',
        "[" * 400 + "]" * 400,
    ],
)
async def test_what_does_not_fit_is_refused_at_par(rar, details):
    await refused(await rar.partner.push(authorization_details=details))


async def test_a_type_that_the_client_did_not_register_is_refused(rar):
    other = type(rar.partner)(rar, "client_plain")
    await rar.register(other)
    await refused(await other.push(**asking(payment())))


async def test_markup_and_hidden_characters_in_details_stay_text(rar):
    evil = payment(creditorName='<script>alert(1)</script>"\u202e\u200bA', reference="</dd><img src=x onerror=y>")
    browser = rar.browser()
    page = await browser.consent_page(rar.partner.client_id, await rar.partner.pushed_uri(**asking(evil)))
    assert page.is_consent
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert "\u202e" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text


async def code_for(rar, *details) -> str:
    return await rar.partner.code(**asking(*details))


@pytest.mark.parametrize(
    "tampered",
    [
        [payment("999.00")],
        [payment(creditorAccount={"iban": "GB33BUKB20201555555555"})],
        [payment(reference="added")],
        [payment(), payment()],  # once was granted, not twice
        [{"type": "accounts", "accounts": ["a"]}],
        [payment(actions=["initiate", "cancel"])],
        [payment(actions=[])],  # an empty list could mean everything
        [payment(actions="initiate")],
    ],
)
async def test_a_token_request_cannot_ask_for_more(rar, tampered):
    code = await code_for(rar, payment(actions=["initiate", "status"]) if "actions" in tampered[0] else payment())
    await refused(await rar.partner.token(rar.partner.redemption(code, **asking(*tampered))))
    # refused before the code was spent
    assert (await rar.partner.token(rar.partner.redemption(code))).status_code == 200


async def test_a_token_request_may_ask_for_less_and_the_grant_stays_whole(rar):
    whole = [payment(actions=["initiate", "status"]), {"type": "accounts", "accounts": ["a", "b"]}]
    less = [payment(actions=["status"])]
    code = await code_for(rar, *whole)
    tokens = (await rar.partner.token(rar.partner.redemption(code, **asking(*less)))).json()
    assert tokens["authorization_details"] == less
    assert rar.claims(tokens["access_token"])["authorization_details"] == less
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await rar.partner.token(form)).json()["authorization_details"] == whole
    assert (await rar.partner.token(form | asking(*less))).json()["authorization_details"] == less
    await refused(await rar.partner.token(form | asking({"type": "accounts", "accounts": ["a"]})))


async def test_details_for_another_resource_server_do_not_stand_in_our_token(rar):
    ours, theirs = payment(locations=["urn:bank:apis"]), payment("2.00", locations=["https://elsewhere.example"])
    tokens = await rar.partner.tokens(**asking(ours, theirs))
    assert tokens["authorization_details"] == [ours, theirs]
    assert rar.claims(tokens["access_token"])["authorization_details"] == [ours]
    told = await rar.partner.post("/oauth/introspect", {"token": tokens["access_token"]})
    assert told.json()["authorization_details"] == [ours]


async def test_a_client_cannot_have_them_for_itself(rar):
    form = {"grant_type": "client_credentials", "scope": "accounts"}
    assert (await rar.partner.token(form)).status_code == 200
    await refused(await rar.partner.token(form | asking(payment())))


async def test_the_metadata_names_the_types(rar):
    found = (await rar.http.get("/.well-known/oauth-authorization-server")).json()
    assert found["authorization_details_types_supported"] == ["accounts", "payment"]
    assert found["grant_management_endpoint"] == "https://bank.example/oauth/grants"
    assert found["grant_management_actions_supported"] == ["create", "merge", "replace"]
    assert found["grant_management_action_required"] is False


async def test_a_signed_request_holds_them_as_json_itself(rar):
    now = int(rar.clock.now)
    claims = rar.partner.request(scope="accounts") | {"iss": rar.partner.client_id, "aud": "https://bank.example"}
    claims |= {"nbf": now, "exp": now + 60, "authorization_details": [payment()]}
    signed = sys.modules["oauth_harness"].sign(rar.partner.key, claims, kid=rar.partner.key.kid)
    pushed = await rar.partner.post("/oauth/par", {"client_id": rar.partner.client_id, "request": signed})
    assert pushed.status_code == 201, pushed.text
    page = await rar.browser().consent_page(rar.partner.client_id, pushed.json()["request_uri"])
    assert "Pay 123.50 EUR to Merchant A" in page.text
