"""`ringfence replay` against a management API."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ringfence.cli.main import app
from ringfence.clock import Instant
from ringfence.events import encode
from ringfence.events.calls import CallDecided
from ringfence.store.embedded.sqlite_events import SqliteEvents

BANK = """\
openapi: 3.0.3
info: {title: Bank, version: 1.0.0}
security: [{o: []}]
paths:
  /accounts:
    get: {operationId: getAccounts, responses: {'200': {description: ok}}}
"""
NEXT = """\
version: 1
issuer: https://bank.example
listeners: {public: {port: 8443, tls: {certificate: c.pem, key: k.pem}}}
oauth: {scopes: {accounts: See, pay: Pay}}
apis:
  - name: bank
    versions:
      - name: v1
        openapi: bank.yaml
        upstream: {url: "http://127.0.0.1:9000"}
        defaults: {scopes: [accounts, pay], dpop_nonce: required}
on_outage: {fast_state: refuse, records: refuse, events: refuse, upstream: refuse}
"""


@pytest.fixture
def following(place: Path) -> Path:
    """The policy to try, beside the running one."""
    (place / "bank.yaml").write_text(BANK)
    (place / "c.pem").write_text("certificate")
    (place / "k.pem").write_text("key")
    (place / "k.pem").chmod(0o600)
    (place / "next.yaml").write_text(NEXT)
    return place / "next.yaml"


async def record(place: Path, *scopes: tuple[str, ...]) -> None:
    stream = SqliteEvents(place / "s" / "events.db")
    calls = [
        CallDecided(
            Instant(1e9 + n), f"c{n}", "t", allowed=True, status=200, method="GET", path="/accounts",
            operation="getAccounts", client="kestrel", scopes=held, binding="dpop",
        )
        for n, held in enumerate(scopes)
    ]  # fmt: skip
    await stream.append([encode(one) for one in calls])
    await stream.close()


def run(place: Path, *arguments: str):
    return CliRunner().invoke(app, ["replay", *arguments, "--running", str(place / "ringfence.yaml")])


def test_what_would_change_is_told_for_each_partner(managed, ok, place: Path, following: Path) -> None:
    asyncio.run(record(place, ("accounts",), ("accounts",), ("accounts", "pay")))
    text = ok(run(place, "--policy", str(following)))
    assert "3 calls decided again.\n" in text
    assert "client kestrel: 3 calls to getAccounts would be refused (user-required); one is c2" not in text
    assert "client kestrel: 2 calls to getAccounts would be refused (scope-missing); one is c0" in text
    assert "A replay cannot know:\n  bodies" in text
    found = json.loads(ok(run(place, "--policy", str(following), "--last", "1", "--json")))
    assert [(c["reason"], c["calls"]) for c in found["changes"]] == [("user-required", 1)]


def test_a_policy_with_mistakes_and_nobody_running(place: Path, following: Path) -> None:
    assert run(place, "--policy", str(place / "none.yaml")).exit_code == 1
    assert run(place, "--policy", str(following)).exit_code == 2
