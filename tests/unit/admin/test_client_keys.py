"""`/clients/{client_id}/keys`: new keys beside the former ones, or in their place at once."""

import pytest
from joserfc.jwk import ECKey


def jwks(*kids: str) -> dict:
    return {"keys": [{**ECKey.generate_key("P-256").as_dict(private=False), "kid": kid} for kid in kids]}


@pytest.fixture
async def path(api, asked) -> str:
    return f"/clients/{(await api.post('/clients', json=asked)).json()['client_id']}"


async def test_former_keys_stay_for_a_while(api, path, recorder) -> None:
    answer = await api.post(f"{path}/keys", json={"jwks": jwks("k2")})
    assert answer.status_code == 200
    client = answer.json()
    assert [key["kid"] for key in client["jwks"]["keys"]] == ["k2"]
    assert [(e["jwk"]["kid"], e["until"]) for e in client["retired_keys"]] == [("k1", 1_800_086_400.0)]
    assert (await api.get(path)).json() == client
    assert recorder.names()[-1] == "client.keys_replaced"


async def test_after_a_theft_they_do_not(api, path) -> None:
    await api.post(f"{path}/keys", json={"jwks": jwks("k2")})
    client = (await api.post(f"{path}/keys", json={"jwks": jwks("k3"), "overlap_seconds": 0})).json()
    assert client["retired_keys"] == []


async def test_what_is_no_key_changes_nothing(api, path, problem) -> None:
    before = (await api.get(path)).json()
    private = {"keys": [{**ECKey.generate_key("P-256").as_dict(private=True), "kid": "p"}]}
    for body in (
        {},
        {"jwks": private},
        {"jwks": {"keys": []}},
        {"jwks_uri": "http://keys.example/"},
        {"jwks": jwks("a"), "jwks_uri": "https://keys.example/"},
        {"certificate": "x"},
        {"jwks": jwks("a"), "overlap_seconds": 86_401},
        {"jwks": jwks("a"), "overlap_seconds": -1},
        {"surprise": 1},
    ):
        problem(await api.post(f"{path}/keys", json=body), 400, "admin-request")
    assert (await api.get(path)).json() == before


async def test_a_client_that_is_gone_or_revoked_gets_none(api, path, problem) -> None:
    problem(await api.post("/clients/nobody/keys", json={"jwks": jwks("a")}), 404, "not-found")
    await api.post(f"{path}/revoke")
    problem(await api.post(f"{path}/keys", json={"jwks": jwks("a")}), 409, "conflict")


async def test_keys_can_move_to_the_partner(api, path) -> None:
    client = (await api.post(f"{path}/keys", json={"jwks_uri": "https://keys.example/jwks"})).json()
    assert (client["jwks"], client["jwks_uri"]) == ({}, "https://keys.example/jwks")
    assert [e["jwk"]["kid"] for e in client["retired_keys"]] == ["k1"]
