"""`/clients`: a client's life, and that stopping it stops its calls at once."""

import asyncio

import pytest
from joserfc.jwk import ECKey

from ringfence.store.blocks import client_block


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


async def test_two_clients_of_one_name_are_refused(api, asked, problem) -> None:
    await api.post("/clients", json=asked)
    problem(await api.post("/clients", json={**asked, "name": "ACME"}), 409, "conflict")


@pytest.mark.parametrize("name", ["Acme  ", "ac  me", "\uff21cme"])
async def test_names_that_look_the_same_are_one_name(api, asked, problem, name) -> None:
    await api.post("/clients", json=asked | {"name": "Ac me" if " m" in name else "Acme"})
    assert (await api.post("/clients", json=asked | {"name": name})).status_code in (400, 409)


async def test_of_eight_operators_who_add_one_name_one_does(api, asked) -> None:
    answers = await asyncio.gather(*(api.post("/clients", json=asked) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


async def test_operators_who_race_cannot_bring_a_revoked_client_back(api, asked, blocked) -> None:
    for round_ in range(10):
        client_id = (await api.post("/clients", json=asked | {"name": f"Acme {round_}"})).json()["client_id"]
        await api.post(f"/clients/{client_id}/suspend")
        verbs = ("activate", "suspend", "revoke", "activate", "suspend", "activate")
        await asyncio.gather(*(api.post(f"/clients/{client_id}/{verb}") for verb in verbs))
        assert (await api.get(f"/clients/{client_id}")).json()["status"] == "revoked"
        assert await blocked(client_block(client_id))


async def test_a_private_key_is_refused_and_not_repeated(api, asked, key: ECKey, problem) -> None:
    private = key.as_dict(private=True)
    response = await api.post("/clients", json={**asked, "jwks": {"keys": [{**private, "kid": "k"}]}})
    document = problem(response, 400, "admin-request")
    assert document["errors"][0]["at"] == "/jwks"
    assert private["d"] not in response.text


async def test_suspend_blocks_at_once_and_activate_takes_it_back(api, asked, blocked) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    assert (await api.post(f"/clients/{client_id}/suspend")).json()["status"] == "suspended"
    assert await blocked(client_block(client_id))
    assert await blocked(client_block(client_id), after=3600 + 60)
    assert (await api.post(f"/clients/{client_id}/activate")).json()["status"] == "active"
    assert not await blocked(client_block(client_id))


async def test_a_revoked_client_stays_revoked(api, asked, problem, blocked) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    assert (await api.post(f"/clients/{client_id}/revoke")).json()["status"] == "revoked"
    assert await blocked(client_block(client_id))
    for verb in ("activate", "suspend"):
        problem(await api.post(f"/clients/{client_id}/{verb}"), 409, "conflict")
    assert await blocked(client_block(client_id))


async def test_removing_a_client_blocks_it_and_removes_its_grants(
    api, asked, recorder, problem, blocked, add_grant
) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    await add_grant(client_id)
    assert (await api.delete(f"/clients/{client_id}")).status_code == 200
    assert await blocked(client_block(client_id))
    assert (await api.get("/grants")).json() == {"items": []}
    problem(await api.delete(f"/clients/{client_id}"), 404, "not-found")
    assert recorder.names() == ["client.added", "client.revoked", "client.removed"]


@pytest.mark.parametrize("verb", ["suspend", "activate", "revoke"])
async def test_an_unknown_client_is_not_found(api, verb: str, problem) -> None:
    problem(await api.post(f"/clients/client_x/{verb}"), 404, "not-found")
