from ringfence.admin.suspensions import OWN


async def suspended(api) -> list[tuple[str, str]]:
    items = (await api.get("/responses")).json()["items"]
    return [(one["response_id"].partition("_")[0], one["state"]) for one in items if one["kind"] == "suspend"]


async def test_an_operators_own_is_noted_once_and_listed(api, ports, asked, problem) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    for _ in range(3):
        await api.post(f"/clients/{client_id}/suspend")
    assert await suspended(api) == [(OWN, "done")]
    await api.post(f"/clients/{client_id}/activate")
    assert await suspended(api) == [(OWN, "undone")]
    await api.post(f"/clients/{client_id}/suspend")
    assert sorted(await suspended(api)) == [(OWN, "done"), (OWN, "undone")]
    standing = [one for one in (await api.get("/responses")).json()["items"] if one["state"] == "done"]
    assert (await api.post(f"/responses/{standing[0]['response_id']}/undo")).json()["state"] == "undone"
    assert (await ports.records.client(client_id)).status == "active"
    await api.post(f"/clients/{client_id}/revoke")
    problem(await api.post(f"/clients/{client_id}/suspend"), 409, "conflict")
    assert "done" not in {state for _, state in await suspended(api)}
