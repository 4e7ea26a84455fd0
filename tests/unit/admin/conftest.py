"""A management API over real stores, and a policy to go with it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from joserfc.jwk import ECKey

from ringfence.admin.api import create_app
from ringfence.admin.ports import AdminPorts
from ringfence.clock import Instant
from ringfence.events import Event, encode
from ringfence.events.actions import AdminActed
from ringfence.ids import system_random
from ringfence.policy.model import Policy
from ringfence.store.embedded.lmdb_risk import LmdbRisk
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.embedded.sqlite_cases import SqliteCases
from ringfence.store.embedded.sqlite_events import SqliteEvents
from ringfence.store.embedded.sqlite_watch import SqliteWatch
from ringfence.store.interface import Admission, Unavailable
from ringfence.store.model import Grant
from ringfence.store.records import open_records

NOW = Instant(1_800_000_000.0)

POLICY: dict[str, Any] = {
    "version": 1,
    "issuer": "https://bank.example",
    "listeners": {
        "public": {"port": 8443, "tls": {"certificate": "c.pem", "key": "k.pem"}},
        "mtls": {"port": 8444, "tls": {"certificate": "c.pem", "key": "k.pem"}},
    },
    "oauth": {"scopes": {"accounts": "See your accounts", "payments": "Pay"}},
    "apis": [
        {"name": "a", "versions": [{"name": "v1", "openapi": "a.yaml", "upstream": {"url": "http://127.0.0.1:9000"}}]}
    ],
    "on_outage": {"fast_state": "refuse", "records": "refuse", "events": "refuse", "upstream": "refuse"},
}


@pytest.fixture
def policy() -> Policy:
    return msgspec.convert(POLICY, Policy)


@pytest.fixture
def policy_without_mtls() -> Policy:
    return msgspec.convert({**POLICY, "listeners": {"public": POLICY["listeners"]["public"]}}, Policy)


class Recorder:
    """Takes events, unless told to be out of order."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.refused: list[AdminActed] = []
        """Kept apart from what was done."""
        self.broken = False

    def emit(self, event: Event) -> None:
        self.ready()
        if isinstance(event, AdminActed) and event.outcome != "done":
            self.refused.append(event)
        else:
            self.events.append(event)

    def ready(self) -> None:
        if self.broken:
            raise Unavailable("broken on purpose")

    def names(self) -> list[str]:
        return [msgspec.json.decode(encode(e)).get("action", type(e).__name__) for e in self.events]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def ports(tmp_path: Path, recorder: Recorder) -> AsyncIterator[AdminPorts]:
    records = await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")
    fast = LmdbState(tmp_path / "fast")
    stream = SqliteEvents(tmp_path / "events.db")
    watch, cases = SqliteWatch(tmp_path / "watch.db"), SqliteCases(tmp_path / "watch.db")
    yield AdminPorts(
        records=records,
        fast=fast,
        events=recorder,
        stream=stream,
        watch=watch,
        cases=cases,
        hash_password=lambda password: f"hashed {len(password)}",
        times_leaked=lambda password: 7 if password == "password123" else 0,
        clock=lambda: NOW,
        random=system_random,
        actor="uid:1000",
        risks=LmdbRisk(tmp_path / "risk.mdb"),
    )
    await watch.close()
    await cases.close()
    await stream.close()
    fast.close()
    await records.close()


@pytest.fixture
async def api(policy: Policy, ports: AdminPorts) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(policy, ports))
    async with httpx.AsyncClient(transport=transport, base_url="http://management") as client:
        yield client


@pytest.fixture
def key() -> ECKey:
    return ECKey.generate_key("P-256")


@pytest.fixture
def asked(key: ECKey) -> dict[str, Any]:
    """A client as a partner's operator would register it."""
    return {
        "name": "Acme",
        "jwks": {"keys": [{**key.as_dict(private=False), "kid": "k1"}]},
        "redirect_uris": ["https://acme.example/callback"],
        "scopes": ["accounts"],
    }


@pytest.fixture
def blocked(ports: AdminPorts) -> Callable[..., Awaitable[bool]]:
    """Say whether calls under a block key are refused, some seconds from now."""

    async def ask(key: bytes, after: float = 0.0) -> bool:
        return (await ports.fast.admit(Admission(blocks=(key,)), Instant(NOW + after))).blocked == 0

    return ask


@pytest.fixture
def add_grant(ports: AdminPorts) -> Callable[..., Awaitable[None]]:
    async def add(client_id: str, user_id: str = "", number: int = 1) -> None:
        grant = Grant(
            grant_id=f"grant_{number}",
            client_id=client_id,
            user_id=user_id,
            scopes=("accounts",),
            created_at=NOW,
            expires_at=Instant(NOW + 1000),
        )
        await ports.records.add_grant(grant)

    return add


@pytest.fixture
def problem() -> Callable[[httpx.Response, int, str], dict[str, Any]]:
    """Hold an answer against status and reason; return the problem document."""

    def check(response: httpx.Response, status: int, reason: str) -> dict[str, Any]:
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        document: dict[str, Any] = response.json()
        assert document["type"] == f"urn:ringfence:problem:{reason}"
        assert document["correlation_id"] == response.headers["x-correlation-id"]
        return document

    return check
