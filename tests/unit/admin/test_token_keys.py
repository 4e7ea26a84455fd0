"""`/token-keys`: a revoked key stays revoked."""

import httpx
import msgspec

from ringfence.admin.api import create_app
from ringfence.store.blocks import key_block


async def test_a_key_is_revoked_for_good(policy, ports, recorder, blocked, problem) -> None:
    ports = msgspec.structs.replace(ports, published_kids=lambda: ("kid-1", "kid-2"))
    transport = httpx.ASGITransport(create_app(policy, ports))
    async with httpx.AsyncClient(transport=transport, base_url="http://management") as api:
        done = await api.post("/token-keys/kid-1/revoke", json={"why": "a copy was found"})
        assert done.json() == {"kid": "kid-1", "revoked": True, "published": True}
        assert await blocked(key_block("kid-1"), 86_400 * 3_650)
        assert not await blocked(key_block("kid-2"))
        assert recorder.names() == ["token-key.revoked"]
        listed = {item["kid"]: item for item in (await api.get("/token-keys")).json()["items"]}
        assert (listed["kid-1"]["why"], listed["kid-2"]["revoked_at"]) == ("a copy was found", None)
        assert (await api.post("/token-keys/kid-1/revoke", json={})).status_code == 200  # safe to repeat
        for kid in ("kid-3", "%20", "x" * 201):
            problem(await api.post(f"/token-keys/{kid}/revoke", json={}), 404, "not-found")


async def test_without_published_keys(api) -> None:
    assert (await api.get("/token-keys")).json() == {"items": []}
