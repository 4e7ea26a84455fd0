"""`/canary`: who may be named, what is kept, and what is on record."""

from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from ringfence.admin.api import create_app
from ringfence.clock import Instant
from ringfence.policy.canary import Canary
from ringfence.problem import Reason, Refused


class Keeper:
    """Keeps one canary in memory."""

    def __init__(self) -> None:
        self.canary: Canary | None = None
        self.mistakes = ""

    async def standing(self) -> Canary | None:
        return self.canary

    async def start(self, source: str, percent: float, clients: tuple[str, ...], now: Instant) -> Canary:
        if self.mistakes:
            raise Refused(Reason.POLICY_INVALID, self.mistakes)
        self.canary = Canary(
            source=source,
            policy="/p",
            name="n" * 16,
            running="r" * 16,
            percent=percent,
            clients=clients,
            salt="s",
            since=now,
        )
        return self.canary

    async def promote(self) -> Canary:
        if self.canary is None:
            raise Refused(Reason.NOT_FOUND)
        self.canary = msgspec.structs.replace(self.canary, promote=True)
        return self.canary

    async def abort(self) -> str:
        if self.canary is None:
            raise Refused(Reason.NOT_FOUND)
        name, self.canary = self.canary.name, None
        return name


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


@pytest.fixture
async def api(policy, ports, keeper) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(policy, msgspec.structs.replace(ports, canary=keeper)))
    async with httpx.AsyncClient(transport=transport, base_url="http://management") as client:
        yield client


async def test_from_its_beginning_to_its_end_everything_is_on_record(api, asked, recorder) -> None:
    assert (await api.get("/canary")).json() == {"canary": None}
    client = (await api.post("/clients", json=asked)).json()["client_id"]
    begun = await api.post("/canary", json={"source": "/next.yaml", "percent": 5, "clients": [client, client]})
    assert (begun.status_code, begun.json()["canary"]["clients"]) == (201, [client])
    assert (await api.get("/canary")).json() == begun.json()
    assert (await api.get("/status")).json()["canary"] == f"{'n' * 16} on 5 % and {client}"
    assert (await api.post("/canary/promote")).status_code == 202
    assert (await api.delete("/canary")).json() == {"canary": None}
    acted = [event for event in recorder.events if getattr(event, "action", "").startswith("canary.")]
    assert [(event.action, event.subject) for event in acted] == [
        ("canary.started", f"{'n' * 16} on 5 % and {client}"),
        ("canary.promoted", "n" * 16),
        ("canary.aborted", "n" * 16),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"source": "/next.yaml"},
        {"source": "next.yaml", "percent": 5},
        {"source": "/next.yaml", "percent": 101},
        {"source": "/next.yaml", "percent": -1},
        {"source": "/next.yaml", "percent": "5"},
        {"source": "/next.yaml", "clients": ["nobody"]},
        {"source": "/next.yaml", "percent": 5, "salt": "chosen"},
        {"percent": 5},
    ],
)
async def test_what_is_no_canary(api, keeper, recorder, problem, body) -> None:
    problem(await api.post("/canary", json=body), 400, "admin-request")
    assert (keeper.canary, recorder.events) == (None, [])


async def test_mistakes_of_the_policy_are_told(api, keeper, recorder, problem) -> None:
    keeper.mistakes = "next.yaml:3:1: `issuer` holds for every client alike"
    answer = await api.post("/canary", json={"source": "/next.yaml", "percent": 5})
    problem(answer, 422, "policy-invalid")
    assert "next.yaml:3:1" in answer.json()["detail"]
    assert recorder.events == []


async def test_without_a_canary_there_is_nothing_to_promote_or_end(api, recorder, problem) -> None:
    problem(await api.post("/canary/promote"), 404, "not-found")
    problem(await api.delete("/canary"), 404, "not-found")
    assert recorder.events == []


async def test_nothing_begins_that_cannot_be_put_on_record(api, keeper, recorder, problem) -> None:
    recorder.broken = True
    problem(await api.post("/canary", json={"source": "/next.yaml", "percent": 5}), 503, "unavailable")
    assert keeper.canary is None


async def test_a_management_api_without_an_installation_keeps_none(policy, ports, problem) -> None:
    transport = httpx.ASGITransport(create_app(policy, ports))
    async with httpx.AsyncClient(transport=transport, base_url="http://management") as client:
        problem(await client.get("/canary"), 404, "not-found")
        assert (await client.get("/status")).json()["canary"] == ""
