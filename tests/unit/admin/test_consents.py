"""`/consents`: looking, and using one up exactly once."""

import msgspec

from ringfence.clock import Instant
from ringfence.store.blocks import grant_block
from ringfence.store.consent_states import ConsentState
from ringfence.store.model import Code, Consent, Grant, PushedRequest, User

NOW = Instant(1_800_000_000.0)
LATER = Instant(NOW + 1000)


async def authorised(ports, client_id: str, number: int = 1) -> Consent:
    user_id, grant_id = f"user_{number}", f"grant_{number}"
    await ports.records.add_user(User(user_id=user_id, username=user_id, password_hash="", created_at=NOW))
    consent = Consent(
        consent_id=f"consent_{number}",
        client_id=client_id,
        scopes=("payments",),
        created_at=NOW,
        changed_at=NOW,
        expires_at=LATER,
    )
    pushed = PushedRequest(uri_hash=str(number), client_id=client_id, parameters={}, created_at=NOW, expires_at=LATER)
    await ports.records.add_pushed_request(pushed, consent)
    of = {"grant_id": grant_id, "client_id": client_id, "user_id": user_id, "scopes": ("payments",)}
    grant = Grant(**of, created_at=NOW, expires_at=LATER)
    code = Code(
        **of,
        code_hash=str(number),
        redirect_uri="",
        code_challenge="",
        authenticated_at=NOW,
        created_at=NOW,
        expires_at=LATER,
    )
    decided = msgspec.structs.replace(
        consent, state=ConsentState.AUTHORISED, user_id=user_id, grant_id=grant_id, decided_at=NOW
    )
    assert await ports.records.authorise_consent(decided, grant, code, None)
    return decided


async def test_a_consent_is_consumed_once_and_its_tokens_stop(api, asked, ports, recorder, blocked, problem) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    await authorised(ports, client_id)
    assert (await api.get("/consents/consent_1")).json()["state"] == "Authorised"
    assert (await api.post("/consents/consent_1/consume", json={})).json()["state"] == "Consumed"
    assert await blocked(grant_block("grant_1"))
    assert recorder.names() == ["client.added", "ConsentMoved", "GrantRevoked", "consent.consumed"]
    grant = await ports.records.grant("grant_1")
    assert grant.revoked_why == "consumed"
    await ports.fast.unblock([grant_block("grant_1")])  # as if the first attempt had failed half-way
    assert (await api.post("/consents/consent_1/consume", json={})).json()["state"] == "Consumed"
    assert await blocked(grant_block("grant_1"))
    assert recorder.names()[4:] == ["consent.consumed"]
    problem(await api.get("/consents/none"), 404, "not-found")


async def test_what_was_withdrawn_cannot_be_consumed(api, asked, ports, recorder, problem) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    await authorised(ports, client_id)
    await api.post("/grants/grant_1/revoke", json={})
    assert recorder.names()[1:] == ["ConsentMoved", "GrantRevoked", "grant.revoked"]
    problem(await api.post("/consents/consent_1/consume", json={}), 409, "conflict")


async def test_consents_are_filtered(api, asked, ports, problem) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    for number in range(3):
        await authorised(ports, client_id, number)
    items = (await api.get("/consents", params={"user_id": "user_1"})).json()["items"]
    assert [item["consent_id"] for item in items] == ["consent_1"]
    assert len((await api.get("/consents", params={"limit": 2})).json()["items"]) == 2
    problem(await api.get("/consents", params={"limit": "-1"}), 400, "admin-request")
