"""`/grants`: listing, and revocation that may be repeated."""

from ringfence.clock import Instant
from ringfence.store.blocks import grant_block

NOW = Instant(1_800_000_000.0)


async def test_revoking_a_grant_blocks_it_and_may_be_repeated(api, asked, ports, recorder, blocked, add_grant) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    await add_grant(client_id)
    await add_grant(client_id, number=2)
    shown = await api.post("/grants/grant_1/revoke", json={"why": "customer called"})
    assert (shown.json()["revoked_at"], shown.json()["revoked_why"]) == (NOW, "customer called")
    assert await blocked(grant_block("grant_1"))
    assert not await blocked(grant_block("grant_2"))
    assert recorder.names() == ["client.added", "GrantRevoked", "grant.revoked"]
    await ports.fast.unblock([grant_block("grant_1")])  # as if the first attempt had failed half-way
    assert (await api.post("/grants/grant_1/revoke", json={})).json()["revoked_why"] == "customer called"
    assert await blocked(grant_block("grant_1"))
    assert recorder.names()[3:] == ["grant.revoked"]


async def test_grants_are_filtered(api, asked, problem, add_grant) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    for number in range(3):
        await add_grant(client_id, number=number)
    assert len((await api.get("/grants", params={"client_id": client_id})).json()["items"]) == 3
    assert (await api.get("/grants", params={"client_id": "client_other"})).json() == {"items": []}
    assert len((await api.get("/grants", params={"limit": 2})).json()["items"]) == 2
    for limit in ("-1", "x", "99999", "1e3", "٣", ""):
        problem(await api.get("/grants", params={"limit": limit}), 400, "admin-request")
    problem(await api.get("/grants/none"), 404, "not-found")
