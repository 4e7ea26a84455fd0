"""What a client may and has left, as the gateway would count its next call."""

import httpx
import msgspec
import pytest

from ringfence.admin.api import create_app
from ringfence.gateway.counted import counted
from ringfence.gateway.sharers import key
from ringfence.policy.document import parse_document
from ringfence.policy.limits_model import Adaptive, InFlight, Limit, Quota, Trust
from ringfence.policy.model import ApiVersion, Demands, Upstream
from ringfence.policy.openapi import compile_document
from ringfence.store.interface import Admission

TRUST = Trust(up_to=3, after_calls=4)
LIMITS = {
    "rate": Limit(per="client", rate_per_second=1, burst=9),
    "each": Limit(per="operation", rate_per_second=1, burst=4),
    "customer": Limit(per="user", rate_per_second=1, burst=4),
    "earned": Limit(per="client", rate_per_second=1, burst=9, reserve=3, adaptive=Adaptive(trust=TRUST)),
    "day": Limit(per="client", quota=Quota(calls=5)),
    "once": Limit(per="client", in_flight=InFlight(calls=2)),
}


def operations() -> tuple:
    paths = {f"/{name}": {"get": {"operationId": name, "responses": {}}} for name in ("a", "b")}
    document = {"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": paths}
    version = ApiVersion(
        name="v1",
        openapi="a.yaml",
        upstream=Upstream(url="http://u"),
        defaults=Demands(scopes=("accounts",), limits=tuple(LIMITS)),
    )
    return compile_document(parse_document(msgspec.json.encode(document), "a"), "bank", version, LIMITS).operations


@pytest.fixture
async def limited(policy, ports):
    changed = msgspec.structs.replace(ports, operations=operations())
    transport = httpx.ASGITransport(create_app(policy, changed))
    async with httpx.AsyncClient(transport=transport, base_url="http://management") as client:
        yield client


async def shown(limited, client_id: str) -> dict:
    items = (await limited.get(f"/limits/{client_id}")).json()["items"]
    return {i["limit"] + i["operation"].removeprefix("bank/v1"): i for i in items}


async def test_what_is_left_before_and_after_calls(limited, ports, asked) -> None:
    client_id = (await limited.post("/clients", json=asked)).json()["client_id"]
    fresh = await shown(limited, client_id)
    left = {name: item["left"] for name, item in fresh.items()}
    assert left == {"rate": 10, "each a": 5, "each b": 5, "customer": None, "earned": 7, "day": 5, "once": 2}
    named = [("rate", client_id), ("each", f"{client_id}|bank/v1|a"), ("earned", client_id), ("day", client_id)]
    each = [(LIMITS[name], key(name, who)) for name, who in [*named, ("once", client_id)]]
    for risk in (0.0, 0.5):
        buckets, quotas, leases = counted(each, 1, ports.clock(), risk)
        await ports.fast.admit(Admission(buckets=buckets, quotas=quotas, leases=leases), ports.clock())
    after = await shown(limited, client_id)
    left = {name: item["left"] for name, item in after.items()}
    assert left == {"rate": 8, "each a": 3, "each b": 5, "customer": None, "earned": 4, "day": 3, "once": 0}
    assert after == await shown(limited, client_id), "to look takes nothing"
    assert (after["earned"]["risk"], after["earned"]["cost"], after["earned"]["trust"]) == (0.5, 2.0, 1.0)
    assert after["rate"]["free_in"] == 2.0
    assert 0 < after["day"]["free_in"] <= 86_400
    assert [after[name]["kind"] for name in ("rate", "day", "once")] == ["rate", "quota", "in flight"]


async def test_nobodys_limits(limited, problem) -> None:
    problem(await limited.get("/limits/client_x"), 404, "not-found")


async def test_no_limits(api, asked) -> None:
    client_id = (await api.post("/clients", json=asked)).json()["client_id"]
    assert (await api.get(f"/limits/{client_id}")).json() == {"items": []}
