"""`/invitations` and registration tokens: told once, kept as hashes."""

from ringfence.ids import token_hash


async def test_an_invitation_is_told_once(api, ports, recorder) -> None:
    answer = await api.post("/invitations", json={"name": "Kestrel", "uses": 3, "seconds": 60})
    assert answer.status_code == 201
    made = answer.json()
    token = made.pop("initial_access_token")
    assert (made["uses_left"], made["expires_at"]) == (3, 1_800_000_060.0)
    assert (await api.get("/invitations")).json() == {"items": [made]}
    kept = await ports.records.invitation(token_hash(token), ports.clock())
    assert (kept.name, kept.uses_left) == ("Kestrel", 3)
    (event,) = recorder.events
    assert (event.action, event.subject) == ("invitation.added", token_hash(token)[:16])


async def test_invitations_that_are_none(api, problem) -> None:
    for body in (
        {},
        {"name": ""},
        {"name": "x", "uses": 0},
        {"name": "x", "uses": 10_000},
        {"name": "x", "seconds": 0},
    ):
        problem(await api.post("/invitations", json=body), 400, "admin-request")


async def test_a_client_gets_a_token_in_place_of_the_former(api, asked, ports) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    assert "registration" not in (await api.get(f"/clients/{client_id}")).json()
    tokens = [
        (await api.post(f"/clients/{client_id}/registration-token")).json()["registration_access_token"]
        for _ in range(2)
    ]
    kept = await ports.records.registration(client_id)
    assert kept.token_hash == token_hash(tokens[1])
    assert tokens[0] != tokens[1]
    assert tokens[1] not in (await api.get(f"/clients/{client_id}")).text


async def test_a_revoked_client_gets_none(api, asked, problem) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    await api.post(f"/clients/{client_id}/revoke")
    problem(await api.post(f"/clients/{client_id}/registration-token"), 409, "conflict")
    problem(await api.post("/clients/nobody/registration-token"), 404, "not-found")
