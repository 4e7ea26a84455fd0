"""The commands over the management API, and the real thing on a unix socket to try them on."""

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from ringfence.cli import (
    alerts,
    blocks,
    cases,
    clients,
    events,
    export,
    grants,
    intelligence,
    limits,
    logins,
    metrics,
    responses,
    risk,
    rules,
    sessions,
    signals,
    silences,
    token_keys,
    users,
    watch,
)

Run = Callable[..., Result]

SERVER = """
import asyncio, sys
from pathlib import Path
import msgspec
from granian.constants import Interfaces
from granian.server.embed import Server
from ringfence.admin.api import create_app
from ringfence.admin.ports import AdminPorts
from ringfence.clock import system_clock
from ringfence.ids import system_random
from ringfence.policy.document import parse_document
from ringfence.policy.limits_model import Adaptive, Limit
from ringfence.policy.model import ApiVersion, Demands, Policy, Upstream
from ringfence.policy.openapi import compile_document
from ringfence.store.embedded.lmdb_risk import LmdbRisk
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.embedded.sqlite_events import SqliteEvents
from ringfence.detect.load import shipped
from ringfence.store.embedded.sqlite_cases import SqliteCases
from ringfence.store.embedded.sqlite_watch import SqliteWatch
from ringfence.store.model import Grant
from ringfence.store.outbox import Outbox
from ringfence.store.records import open_records

def operations():
    paths = {"/a": {"get": {"operationId": "getA", "responses": {}}}}
    document = {"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": paths}
    limits = {"calls": Limit(per="client", rate_per_second=1, burst=9), "all": Limit(per="everyone", rate_per_second=1, burst=9)}
    limits["earned"] = Limit(per="client", rate_per_second=1, burst=9, reserve=2, adaptive=Adaptive())
    version = ApiVersion(name="v1", openapi="a.yaml", upstream=Upstream(url="http://u"),
        defaults=Demands(scopes=("accounts",), limits=tuple(limits)))
    return compile_document(parse_document(msgspec.json.encode(document), "a.yaml"), "a", version, limits).operations

async def main():
    state = Path(sys.argv[1])
    policy = msgspec.json.decode(sys.argv[2], type=Policy)
    stream = SqliteEvents(state / "events.db")
    outbox = Outbox(stream, state / "spill", "admin", system_random)
    await outbox.start()
    records = await open_records(f"sqlite+aiosqlite:///{state}/records.db")
    ports = AdminPorts(records=records, fast=LmdbState(state / "fast"), events=outbox, stream=stream,
        watch=SqliteWatch(state / "watch.db"), cases=SqliteCases(state / "watch.db"), rules=shipped,
        hash_password=lambda p: "hash", times_leaked=lambda p: 0, clock=system_clock, random=system_random, actor="uid:1",
        published_kids=lambda: ("kid-1",), operations=operations(), risks=LmdbRisk(state / "risk.mdb"))
    app = create_app(policy, ports)
    (state / "run").mkdir(mode=0o700)
    server = Server(app, uds=state / "run" / "admin.sock", interface=Interfaces.ASGINL, websockets=False,
        log_enabled=False)
    async def grant_on_demand():
        while True:
            await asyncio.sleep(0.02)
            for client in await records.list_clients():
                if client.name == "Granted" and not await records.list_grants():
                    await records.add_grant(Grant(grant_id="grant_1", client_id=client.client_id, user_id="",
                        scopes=("accounts",), created_at=system_clock(), expires_at=system_clock() + 1000))
    granting = asyncio.create_task(grant_on_demand())
    await server.serve()
asyncio.run(main())
"""

POLICY = {
    "version": 1,
    "issuer": "https://bank.example",
    "listeners": {
        "public": {"port": 8443, "tls": {"certificate": "c.pem", "key": "k.pem"}},
        "mtls": {"port": 8444, "tls": {"certificate": "c.pem", "key": "k.pem"}},
    },
    "oauth": {"scopes": {"accounts": "See your accounts"}},
    "apis": [
        {"name": "a", "versions": [{"name": "v1", "openapi": "a.yaml", "upstream": {"url": "http://127.0.0.1:9000"}}]}
    ],
    "export": {"file": {"siem": {"path": "events.jsonl"}}},
    "on_outage": {"fast_state": "refuse", "records": "refuse", "events": "refuse", "upstream": "refuse"},
}


def commands() -> typer.Typer:
    app = typer.Typer()
    for group in (
        clients,
        users,
        grants,
        sessions,
        token_keys,
        logins,
        events,
        alerts,
        blocks,
        risk,
        watch,
        responses,
        export,
        rules,
        metrics,
        intelligence,
        cases,
        signals,
        silences,
        limits,
    ):
        group.register(app)
    return app


def runner(policy: Path) -> Run:
    def run(*arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(commands(), [*arguments, "--policy", str(policy)], input=stdin)

    return run


@pytest.fixture
def place() -> Iterator[Path]:
    """A short path: a socket's may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="rf") as directory:
        (Path(directory) / "ringfence.yaml").write_text("state: s\nversion: [this mistake does not matter here]\n")
        yield Path(directory)


@pytest.fixture
def commanded(place: Path) -> Run:
    """Run commands where nothing is running."""
    return runner(place / "ringfence.yaml")


@pytest.fixture
def managed(place: Path) -> Iterator[Run]:
    """Run commands against a management API of their own."""
    (place / "s").mkdir()
    process = subprocess.Popen([sys.executable, "-c", SERVER, place / "s", json.dumps(POLICY)])
    deadline = time.monotonic() + 30
    while not (place / "s" / "run" / "admin.sock").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield runner(place / "ringfence.yaml")
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.fixture
def ok() -> Callable[[Result], str]:
    """Return what a command printed that must have succeeded."""

    def check(result: Result) -> str:
        assert result.exit_code == 0, result.output
        return result.stdout

    return check


@pytest.fixture
def add(managed: Run, place: Path) -> Callable[..., Result]:
    """Register a client with a fresh key."""

    def run(name: str = "Acme", *more: str) -> Result:
        key, uri = str(place / f"{name}.pem"), "https://a.example/cb"
        options = ("--generate-key", key, "--redirect-uri", uri, "--scope", "accounts")
        return managed("clients", "add", name, *options, *more)

    return run
