"""Grant management: make, add to, replace, look at and give back grants, each client its own.  draft-ietf-oauth-grant-management."""

import asyncio
import importlib.util
from pathlib import Path

import pytest

from ringfence.store.consent_states import ConsentState
from ringfence.store.model import User

_spec = importlib.util.spec_from_file_location("oauth_rich", Path(__file__).parent / "rich.py")
rich = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rich)
asking, payment = rich.asking, rich.payment
ACCOUNTS = {"type": "accounts", "accounts": ["a"]}


@pytest.fixture
async def rar(bank):
    return await rich.rich_bank(bank)


async def managing(partner, method: str, grant_id: str, scope: str):
    form = {"grant_type": "client_credentials", "scope": scope}
    token = (await partner.token(form)).json()["access_token"]
    path = f"/oauth/grants/{grant_id}"
    proof = partner.proof(path, method, token=token)
    return await partner.bank.http.request(method, path, headers={"authorization": f"DPoP {token}", "dpop": proof})


async def query(partner, grant_id: str):
    return await managing(partner, "GET", grant_id, "grant_management_query")


async def give_back(partner, grant_id: str):
    return await managing(partner, "DELETE", grant_id, "grant_management_revoke")


async def test_create_tells_the_grant_id_and_query_tells_the_grant(rar):
    tokens = await rar.partner.tokens(**asking(payment(), scope="openid accounts", grant_management_action="create"))
    found = await query(rar.partner, tokens["grant_id"])
    assert found.status_code == 200
    assert found.headers["cache-control"] == "no-store"
    consent = await rar.ports.records.consent_of_grant(tokens["grant_id"])
    assert found.json() == {
        "scopes": [{"scope": "openid accounts", "resources": ["urn:bank:apis"]}],
        "claims": [],
        "authorization_details": [payment()],
        "consent_id": consent.consent_id,
        "consent_state": "Authorised",
    }
    assert "mia" not in found.text.lower()


async def test_merge_adds_and_shows_the_whole(rar):
    first = await rar.partner.tokens(**asking(payment(), scope="accounts"))
    browser = rar.browser()
    changes = {"grant_management_action": "merge", "grant_id": first["grant_id"], "scope": "payments"}
    uri = await rar.partner.pushed_uri(**asking(ACCOUNTS, payment(), **changes))
    page = await browser.consent_page(rar.partner.client_id, uri)
    for sentence in ("Pay 123.50 EUR", "See the accounts a", "See your accounts", "Make payments"):
        assert page.text.count(sentence) == 1
    location = (await browser.submit(page, decision="allow")).answer.headers["location"]
    tokens = (await rar.partner.token(rar.partner.redemption(rich.answered(location)["code"]))).json()
    assert tokens["grant_id"] == first["grant_id"]
    assert tokens["scope"] == "accounts payments"
    assert tokens["authorization_details"] == [payment(), ACCOUNTS]
    old = await rar.partner.token({"grant_type": "refresh_token", "refresh_token": first["refresh_token"]})
    assert old.json()["error"] == "invalid_grant"
    states = [consent.state for consent in await rar.ports.records.list_consents()]
    assert sorted(states) == [ConsentState.AUTHORISED, ConsentState.REVOKED]
    assert (await rar.ports.records.consent_of_grant(tokens["grant_id"])).state is ConsentState.AUTHORISED
    new = await rar.partner.token({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    assert new.json()["authorization_details"] == [payment(), ACCOUNTS]


async def test_replace_leaves_only_what_is_asked_now(rar):
    first = await rar.partner.tokens(**asking(payment(), scope="accounts"))
    changes = {"grant_management_action": "replace", "grant_id": first["grant_id"], "scope": "payments"}
    tokens = await rar.partner.tokens(**changes)
    assert (tokens["grant_id"], tokens["scope"]) == (first["grant_id"], "payments")
    assert "authorization_details" not in tokens
    assert (await query(rar.partner, tokens["grant_id"])).json()["authorization_details"] == []
    assert len(await rar.ports.records.list_grants()) == 1


async def test_a_code_of_before_a_replacement_is_worth_nothing(rar):
    uri = await rar.partner.pushed_uri(scope="accounts payments")
    early = rich.answered(await rar.browser().authorize(rar.partner.client_id, uri))["code"]
    (grant,) = await rar.ports.records.list_grants()
    await rar.partner.tokens(grant_management_action="replace", grant_id=grant.grant_id, scope="accounts")
    assert (await rar.partner.token(rar.partner.redemption(early))).json()["error"] == "invalid_grant"
    assert (await query(rar.partner, grant.grant_id)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_management_action": "adopt"}, "invalid_request"),
        ({"grant_management_action": "merge"}, "invalid_request"),
        ({"grant_management_action": "create", "grant_id": "grant_x"}, "invalid_request"),
        ({"grant_id": "grant_x"}, "invalid_request"),
        ({"grant_management_action": "merge", "grant_id": "grant_x"}, "invalid_grant_id"),
        ({"grant_management_action": "replace", "grant_id": "g" * 500}, "invalid_grant_id"),
        ({"scope": "grant_management_query"}, "invalid_scope"),
    ],
)
async def test_requests_that_are_refused_at_par(rar, changes, error):
    answer = await rar.partner.push(**changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_another_clients_grant_cannot_be_seen_changed_or_ended(rar):
    other = type(rar.partner)(rar, "client_thief")
    await rar.register(other, scopes=("accounts", "grant_management_query", "grant_management_revoke"))
    grant_id = (await rar.partner.tokens(scope="accounts"))["grant_id"]
    for action in ("merge", "replace"):
        answer = await other.push(scope="accounts", grant_management_action=action, grant_id=grant_id)
        assert answer.json()["error"] == "invalid_grant_id"
    unknown = await query(other, "grant_unknown")
    for answer in (await query(other, grant_id), await give_back(other, grant_id)):
        assert answer.status_code == unknown.status_code == 404
        assert answer.json() | {"correlation_id": ""} == unknown.json() | {"correlation_id": ""}
    assert (await query(rar.partner, grant_id)).status_code == 200


async def test_another_customer_cannot_change_the_grant(rar):
    grant_id = (await rar.partner.tokens(**asking(payment(), scope="accounts")))["grant_id"]
    await rar.ports.records.add_user(
        User(user_id="user_leo", username="leo", password_hash="right", name="Leo", created_at=rar.clock.now)
    )
    browser = rar.browser()
    uri = await rar.partner.pushed_uri(scope="payments", grant_management_action="merge", grant_id=grant_id)
    page = await browser.log_in(await browser.visit(rar.partner.client_id, uri), "leo")
    assert "Merchant A" not in page.text
    assert rich.answered(page.answer.headers["location"])["error"] == "invalid_grant_id"
    (grant,) = await rar.ports.records.list_grants()
    assert (grant.user_id, grant.scopes) == ("user_mia", ("accounts",))


async def test_a_grant_given_back_is_dead_at_once(rar):
    tokens = await rar.partner.tokens(scope="openid accounts")
    answer = await give_back(rar.partner, tokens["grant_id"])
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await rar.partner.userinfo(tokens["access_token"])).status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await rar.partner.token(form)).json()["error"] == "invalid_grant"
    assert (await query(rar.partner, tokens["grant_id"])).status_code == 404
    push = await rar.partner.push(grant_management_action="merge", grant_id=tokens["grant_id"])
    assert push.json()["error"] == "invalid_grant_id"
    assert rar.events.of("GrantRevoked")[-1].why == "given back by the client"


async def test_tokens_without_the_scope_or_without_proof_are_refused(rar):
    tokens = await rar.partner.tokens(scope="openid accounts")
    path = f"/oauth/grants/{tokens['grant_id']}"
    for scope, method in (("grant_management_query", "DELETE"), ("grant_management_revoke", "GET")):
        answer = await managing(rar.partner, method, tokens["grant_id"], scope)
        assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert (await rar.http.get(path)).status_code == 401
    bare = await rar.http.get(path, headers={"authorization": f"Bearer {tokens['access_token']}"})
    assert bare.status_code == 401
    assert (await rar.http.post(path)).status_code == 405


async def test_two_changes_at_once_do_not_lose_one_in_silence(rar):
    grant_id = (await rar.partner.tokens(scope="accounts"))["grant_id"]
    pages = []
    for details in (payment("1.00"), payment("2.00")):
        browser = rar.browser()
        changes = {"grant_management_action": "merge", "grant_id": grant_id, "scope": "accounts"}
        uri = await rar.partner.pushed_uri(**asking(details, **changes))
        pages.append((browser, await browser.consent_page(rar.partner.client_id, uri)))
    answers = await asyncio.gather(*(browser.submit(page, decision="allow") for browser, page in pages))
    granted = (await rar.ports.records.grant(grant_id)).authorization_details
    won = [a for a in answers if "code=" in a.answer.headers.get("location", "")]
    # whoever came second either saw the first one's grant and was asked again, or was turned away
    assert len(won) == len(granted) == 1
    others = [a for a in answers if a not in won]
    assert all(a.is_consent or a.answer.status_code == 400 for a in others)


async def test_a_grant_does_not_grow_without_end(rar):
    many = [payment(f"{number}.00") for number in range(8)]
    grant_id = (await rar.partner.tokens(**asking(*many)))["grant_id"]
    changes = {"grant_management_action": "merge", "grant_id": grant_id}
    assert (await rar.partner.push(**asking(*many, payment("8.00"), payment("9.00"), **changes))).status_code == 201
    answer = await rar.partner.push(**asking(payment("8.00"), payment("9.00"), payment("10.00"), **changes))
    assert answer.json()["error"] == "invalid_authorization_details"
