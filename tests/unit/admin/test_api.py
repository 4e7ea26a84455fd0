"""The management API over real stores: what it changes, what it refuses, and what it leaves on record."""

import json
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from ringfence.admin.api import create_app
from ringfence.admin.ports import AdminPorts
from ringfence.clock import Instant
from ringfence.store.blocks import client_block, grant_block, user_block
from ringfence.store.interface import Admission
from ringfence.store.model import Grant

NOW = Instant(1_800_000_000.0)


async def blocked(ports: AdminPorts, key: bytes, after: float = 0.0) -> bool:
    return (await ports.fast.admit(Admission(blocks=(key,)), Instant(NOW + after))).blocked == 0


async def add_grant(ports: AdminPorts, client_id: str, user_id: str = "", number: int = 1) -> None:
    grant = Grant(
        grant_id=f"grant_{number}",
        client_id=client_id,
        user_id=user_id,
        scopes=("accounts",),
        created_at=NOW,
        expires_at=Instant(NOW + 1000),
    )
    await ports.records.add_grant(grant)


def assert_problem(response: httpx.Response, status: int, reason: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["type"] == f"urn:ringfence:problem:{reason}"
    assert document["correlation_id"] == response.headers["x-correlation-id"]
    return document


# clients


async def test_a_client_is_added_listed_and_shown(api, asked, recorder) -> None:
    added = await api.post("/clients", json=asked)
    assert added.status_code == 201
    client = added.json()
    assert client["client_id"].startswith("client_")
    assert (await api.get("/clients")).json() == {"items": [client]}
    assert (await api.get(f"/clients/{client['client_id']}")).json() == client
    (event,) = recorder.events
    assert (event.action, event.subject, event.actor) == ("client.added", client["client_id"], "uid:1000")
    assert event.correlation == added.headers["x-correlation-id"]


async def test_two_clients_of_one_name_are_refused(api, asked) -> None:
    await api.post("/clients", json=asked)
    assert_problem(await api.post("/clients", json={**asked, "name": "ACME"}), 409, "conflict")


async def test_a_private_key_is_refused_and_not_repeated(api, asked, key: ECKey) -> None:
    private = key.as_dict(private=True)
    response = await api.post("/clients", json={**asked, "jwks": {"keys": [{**private, "kid": "k"}]}})
    document = assert_problem(response, 400, "admin-request")
    assert document["errors"][0]["at"] == "/jwks"
    assert private["d"] not in response.text


async def test_suspend_blocks_at_once_and_activate_takes_it_back(api, asked, ports) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    assert (await api.post(f"/clients/{client_id}/suspend")).json()["status"] == "suspended"
    assert await blocked(ports, client_block(client_id))
    assert await blocked(ports, client_block(client_id), after=3600 + 60)
    assert (await api.post(f"/clients/{client_id}/activate")).json()["status"] == "active"
    assert not await blocked(ports, client_block(client_id))


async def test_a_revoked_client_stays_revoked(api, asked, ports) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    assert (await api.post(f"/clients/{client_id}/revoke")).json()["status"] == "revoked"
    assert await blocked(ports, client_block(client_id))
    for verb in ("activate", "suspend"):
        assert_problem(await api.post(f"/clients/{client_id}/{verb}"), 409, "conflict")
    assert await blocked(ports, client_block(client_id))


async def test_removing_a_client_blocks_it_and_removes_its_grants(api, asked, ports, recorder) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    await add_grant(ports, client_id)
    assert (await api.delete(f"/clients/{client_id}")).status_code == 200
    assert await blocked(ports, client_block(client_id))
    assert (await api.get("/grants")).json() == {"items": []}
    assert_problem(await api.delete(f"/clients/{client_id}"), 404, "not-found")
    assert recorder.names() == ["client.added", "client.revoked", "client.removed"]


@pytest.mark.parametrize("verb", ["suspend", "activate", "revoke"])
async def test_an_unknown_client_is_not_found(api, verb: str) -> None:
    assert_problem(await api.post(f"/clients/client_x/{verb}"), 404, "not-found")


# users


async def test_a_user_is_added_and_the_password_is_nowhere(api, ports) -> None:
    asked = {"username": "ann", "password": "correct horse", "name": "Ann"}
    added = await api.post("/users", json=asked)
    assert added.status_code == 201
    kept = await ports.records.user_by_name("ann")
    assert kept.password_hash == "hashed 13"
    for response in (added, await api.get("/users"), await api.get(f"/users/{kept.user_id}")):
        assert "hash" not in response.text
        assert "correct" not in response.text
    assert_problem(await api.post("/users", json=asked), 409, "conflict")


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"password": "short"}, "/password"),
        ({"password": "x" * 1025}, "/password"),
        ({"password": "ä" * 600}, "/password"),
        ({"username": ""}, "/username"),
        ({"username": "a\u202eb"}, "/username"),
        ({"username": "x" * 129}, "/username"),
        ({"name": "a\nb"}, "/name"),
    ],
)
async def test_a_bad_user_is_refused(api, change: dict[str, str], at: str) -> None:
    response = await api.post("/users", json={"username": "ann", "password": "correct horse", **change})
    assert assert_problem(response, 400, "admin-request")["errors"][0]["at"] == at


async def test_disable_blocks_enable_unblocks_remove_removes(api, asked, ports, recorder) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    user_id = (await api.post("/users", json={"username": "ann", "password": "correct horse"})).json()["user_id"]
    await add_grant(ports, client_id, user_id)
    assert (await api.post(f"/users/{user_id}/disable")).json()["status"] == "disabled"
    assert await blocked(ports, user_block(user_id))
    assert (await api.post(f"/users/{user_id}/enable")).json()["status"] == "active"
    assert not await blocked(ports, user_block(user_id))
    assert (await api.delete(f"/users/{user_id}")).json() == {"user_id": user_id, "removed": True}
    assert await blocked(ports, user_block(user_id))
    assert (await api.get("/grants")).json() == {"items": []}
    assert recorder.names()[2:] == ["user.disabled", "user.enabled", "user.removed"]
    assert_problem(await api.post(f"/users/{user_id}/disable"), 404, "not-found")


# grants


async def test_revoking_a_grant_blocks_it_and_may_be_repeated(api, asked, ports, recorder) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    await add_grant(ports, client_id)
    await add_grant(ports, client_id, number=2)
    shown = await api.post("/grants/grant_1/revoke", json={"why": "customer called"})
    assert (shown.json()["revoked_at"], shown.json()["revoked_why"]) == (NOW, "customer called")
    assert await blocked(ports, grant_block("grant_1"))
    assert not await blocked(ports, grant_block("grant_2"))
    assert recorder.names() == ["client.added", "GrantRevoked", "grant.revoked"]
    await ports.fast.unblock([grant_block("grant_1")])  # as if the first attempt had failed half-way
    assert (await api.post("/grants/grant_1/revoke", json={})).json()["revoked_why"] == "customer called"
    assert await blocked(ports, grant_block("grant_1"))
    assert recorder.names()[3:] == ["grant.revoked"]


async def test_grants_are_filtered(api, asked, ports) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    for number in range(3):
        await add_grant(ports, client_id, number=number)
    assert len((await api.get("/grants", params={"client_id": client_id})).json()["items"]) == 3
    assert (await api.get("/grants", params={"client_id": "client_other"})).json() == {"items": []}
    assert len((await api.get("/grants", params={"limit": 2})).json()["items"]) == 2
    for limit in ("-1", "x", "99999", "1e3", "٣", ""):
        assert_problem(await api.get("/grants", params={"limit": limit}), 400, "admin-request")
    assert_problem(await api.get("/grants/none"), 404, "not-found")


# events and status


async def test_events_are_read_from_a_position_on(api, ports) -> None:
    await ports.stream.append([b'{"event":"e","n":%d}' % n for n in range(1, 6)])
    page = (await api.get("/events", params={"after": 2, "limit": 2})).json()
    assert page == {
        "items": [{"position": 3, "event": {"event": "e", "n": 3}}, {"position": 4, "event": {"event": "e", "n": 4}}],
        "next": 4,
    }
    assert [i["position"] for i in (await api.get("/events", params={"last": 2})).json()["items"]] == [4, 5]
    assert (await api.get("/events", params={"after": 5})).json() == {"items": [], "next": 5}


async def test_status(api) -> None:
    status = (await api.get("/status")).json()
    assert (status["issuer"], status["last_event"]) == ("https://bank.example", 0)


# what is not understood


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "json-malformed"),
        (b"\xff", "json-malformed"),
        (b'{"name":"a","name":"b"}', "json-duplicate-key"),
        (b"[" * 100 + b"]" * 100, "json-too-deep"),
        (b"[]", "admin-request"),
        (b'{"name":5}', "admin-request"),
        (b'{"name":"a","extra":1}', "admin-request"),
        (b'{"name":"a","authentication":"none"}', "admin-request"),
        (b"", "admin-request"),
    ],
)
async def test_a_bad_body_is_refused(api, ports, body: bytes, reason: str) -> None:
    response = await api.post("/clients", content=body, headers={"content-type": "application/json"})
    assert_problem(response, 400, reason)
    assert await ports.records.list_clients() == []


async def test_the_fault_names_the_member(api, asked) -> None:
    response = await api.post("/clients", json={**asked, "redirect_uris": ["https://a.example/", 5]})
    assert response.json()["errors"][0]["at"] == "/redirect_uris/1"


async def test_other_media_types_large_bodies_and_queries_are_refused(api, asked) -> None:
    assert_problem(await api.post("/clients", data={"name": "x"}), 415, "media-type")
    large = json.dumps({**asked, "name": "x" * 300_000})
    headers = {"content-type": "application/json"}
    assert_problem(await api.post("/clients", content=large, headers=headers), 413, "body-too-large")
    assert_problem(await api.get("/clients?all=1"), 400, "parameter-unknown")
    assert_problem(await api.get("/grants?limit=1&limit=2"), 400, "parameter-duplicate")
    assert_problem(await api.get("/nothing"), 404, "unknown-path")
    assert_problem(await api.put("/clients", json=asked), 405, "method-not-allowed")


async def test_nothing_is_changed_that_could_not_be_put_on_record(api, asked, ports, recorder) -> None:
    recorder.broken = True
    assert_problem(await api.post("/clients", json=asked), 503, "unavailable")
    assert await ports.records.list_clients() == []
    assert (await api.get("/clients")).status_code == 200


async def test_an_outage_is_503_and_says_nothing_internal(policy, ports, asked) -> None:
    app = create_app(policy, ports)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://m") as api:
        client_id = (await api.post("/clients", json=asked)).json()["client_id"]
        ports.fast.close()
        response = await api.post(f"/clients/{client_id}/revoke")
    document = assert_problem(response, 503, "unavailable")
    assert "detail" not in document
