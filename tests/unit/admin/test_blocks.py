import asyncio

from ringfence.store.blocks import client_block, network_block, user_block


def asked(kind: str, value: str, **more) -> dict:
    return {"kind": kind, "value": value, "seconds": 60, "why": "scanning", **more}


async def test_a_network_is_kept_out_listed_and_let_in(api, recorder, blocked, problem) -> None:
    added = await api.post("/blocks", json=asked("network", "::ffff:192.0.2.7"))
    assert (added.status_code, added.json()["value"], added.json()["by"]) == (201, "192.0.2.7", "uid:1000")
    assert await blocked(network_block("192.0.2.7"))
    assert not await blocked(network_block("192.0.2.7"), 61.0)
    assert [b["value"] for b in (await api.get("/blocks")).json()["items"]] == ["192.0.2.7"]
    assert (await api.post("/blocks/lift", json={"kind": "network", "value": "192.0.2.7"})).status_code == 200
    assert not await blocked(network_block("192.0.2.7"))
    problem(await api.post("/blocks/lift", json={"kind": "network", "value": "192.0.2.7"}), 404, "not-found")
    assert [type(e).__name__ for e in recorder.events] == ["BlockChanged"] * 2
    assert [e.until for e in recorder.events][1] == 0


async def test_of_ipv6_the_subscriber_is_meant(api, blocked) -> None:
    await api.post("/blocks", json=asked("network", "2001:db8:1:2:3::4", by="detection"))
    assert await blocked(network_block("2001:db8:1:2::/64"))
    assert (await api.post("/blocks/lift", json={"kind": "network", "value": "2001:db8:1:2::9"})).status_code == 200


async def test_only_what_is_there_is_kept_out(api, blocked, problem) -> None:
    client_id = (await api.post("/clients", json=CLIENT)).json()["client_id"]
    assert (await api.post("/blocks", json=asked("client", client_id))).status_code == 201
    assert await blocked(client_block(client_id))
    problem(await api.post("/blocks", json=asked("client", "client_x")), 404, "not-found")
    problem(await api.post("/blocks", json=asked("user", "user_x")), 404, "not-found")
    problem(await api.post("/blocks", json=asked("network", "example.org")), 400, "admin-request")
    problem(await api.post("/blocks", json=asked("network", "192.0.2.1") | {"seconds": 0}), 400, "admin-request")
    problem(await api.post("/blocks", json=asked("planet", "x")), 400, "admin-request")
    assert not await blocked(user_block("user_x"))


async def test_fifty_at_once_leave_one_block(api) -> None:
    await asyncio.gather(*(api.post("/blocks", json=asked("network", "192.0.2.7")) for _ in range(50)))
    assert len((await api.get("/blocks")).json()["items"]) == 1


CLIENT = {
    "name": "Acme",
    "jwks": {
        "keys": [
            {
                "kty": "EC",
                "crv": "P-256",
                "kid": "k1",
                "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
            }
        ]
    },
    "redirect_uris": ["https://acme.example/callback"],
    "scopes": ["accounts"],
}
