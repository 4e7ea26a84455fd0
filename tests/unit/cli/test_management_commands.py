"""The commands over the management API, against the real thing on a unix socket."""

import base64
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from click.testing import Result
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from typer.testing import CliRunner

from ringfence.cli import clients, events, grants, users
from ringfence.cli.tables import as_text, moment

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
from ringfence.policy.model import Policy
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.embedded.sqlite_events import SqliteEvents
from ringfence.store.model import Grant
from ringfence.store.outbox import Outbox
from ringfence.store.records import open_records

async def main():
    state = Path(sys.argv[1])
    policy = msgspec.json.decode(sys.argv[2], type=Policy)
    stream = SqliteEvents(state / "events.db")
    outbox = Outbox(stream, state / "spill", "admin", system_random)
    await outbox.start()
    records = await open_records(f"sqlite+aiosqlite:///{state}/records.db")
    ports = AdminPorts(records=records, fast=LmdbState(state / "fast"), events=outbox, stream=stream,
        hash_password=lambda p: "hash", clock=system_clock, random=system_random, actor="uid:1")
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

TAIL = """
import typer
from ringfence.cli import events
app = typer.Typer()
events.register(app)
app()
"""

POLICY = {
    "version": 1,
    "issuer": "https://bank.example",
    "listeners": {"public": {"port": 8443, "tls": {"certificate": "c.pem", "key": "k.pem"}}},
    "oauth": {"scopes": {"accounts": "See your accounts"}},
    "apis": [
        {"name": "a", "versions": [{"name": "v1", "openapi": "a.yaml", "upstream": {"url": "http://127.0.0.1:9000"}}]}
    ],
    "on_outage": {"fast_state": "refuse", "records": "refuse", "events": "refuse", "upstream": "refuse"},
}


def commands() -> typer.Typer:
    app = typer.Typer()
    for group in (clients, users, grants, events):
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
def run(place: Path) -> Iterator[Run]:
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


def ok(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def add(run: Run, place: Path, name: str = "Acme", *more: str) -> Result:
    return run(
        "clients", "add", name, "--generate-key", str(place / f"{name}.pem"),
        "--redirect-uri", "https://a.example/cb", "--scope", "accounts", *more,
    )  # fmt: skip


def test_a_client_from_its_key_to_its_end(run: Run, place: Path) -> None:
    assert "no client yet" in ok(run("clients", "list"))
    client = json.loads(ok(add(run, place, "Acme", "--json")))
    key = place / "Acme.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    private = load_pem_private_key(key.read_bytes(), None)
    assert private.public_key().public_numbers().x == int.from_bytes(
        base64.urlsafe_b64decode(client["jwks"]["keys"][0]["x"] + "==")
    )
    assert json.loads(ok(run("clients", "list", "--json"))) == [client]
    assert "Acme" in ok(run("clients", "list"))
    assert json.loads(ok(run("clients", "show", "Acme", "--json"))) == client
    assert client["client_id"] in ok(run("clients", "show", client["client_id"]))
    assert "suspended" in ok(run("clients", "suspend", "Acme"))
    assert "active" in ok(run("clients", "activate", "Acme"))
    assert "revoked" in ok(run("clients", "revoke", "Acme"))
    refused = run("clients", "activate", "Acme")
    assert refused.exit_code == 1
    assert "stays revoked" in refused.stderr
    assert run("clients", "remove", "Acme", stdin="n\n").exit_code == 1
    assert "removed" in ok(run("clients", "remove", "Acme", stdin="y\n"))
    assert run("clients", "show", "Acme").exit_code == 1


def test_a_refused_client_leaves_no_key_and_an_existing_file_is_not_overwritten(run: Run, place: Path) -> None:
    refused = add(run, place, "Acme", "--scope", "admin")
    assert refused.exit_code == 1
    assert "scopes 1: is not a scope of the policy" in refused.stderr
    assert not (place / "Acme.pem").exists()
    (place / "Acme.pem").write_text("precious")
    assert add(run, place).exit_code == 1
    assert (place / "Acme.pem").read_text() == "precious"
    assert json.loads(ok(run("clients", "list", "--json"))) == []


def test_a_jwks_file_is_read_and_a_private_one_refused(run: Run, place: Path) -> None:
    ok(add(run, place))
    public = json.loads(ok(run("clients", "show", "Acme", "--json")))["jwks"]
    file = place / "jwks.json"
    base = ("clients", "add", "Other", "--jwks", str(file), "--scope", "accounts")
    for content, code in (
        (json.dumps({"keys": [public["keys"][0] | {"d": "AAAA"}]}), 1),
        ("[]", 1),
        ("nonsense", 1),
        (json.dumps(public), 0),
    ):
        file.write_text(content)
        assert run(*base).exit_code == code
    shown = json.loads(ok(run("clients", "show", "Other", "--json")))
    assert shown["grant_types"] == ["client_credentials"]


def test_users(run: Run) -> None:
    added = ok(run("users", "add", "ann", "--name", "Ann", "--password-stdin", stdin="correct horse\n"))
    assert added.startswith("user_id: user_")
    ok(run("users", "add", "bob", stdin="correct horse\ncorrect horse\n"))
    assert run("users", "add", "cleo", "--password-stdin", stdin="short\n").exit_code == 1
    listed = json.loads(ok(run("users", "list", "--json")))
    assert [u["username"] for u in listed] == ["ann", "bob"]
    assert "disabled" in ok(run("users", "disable", "ann"))
    assert "disabled" in ok(run("users", "show", "ann"))
    assert "active" in ok(run("users", "enable", "ann"))
    assert "removed" in ok(run("users", "remove", "ann", "--yes"))
    assert "ann" not in ok(run("users", "list"))


def test_grants(run: Run, place: Path) -> None:
    assert "no such grant" in ok(run("grants", "list"))
    ok(add(run, place, "Granted"))
    deadline = time.monotonic() + 10
    while not (listed := json.loads(ok(run("grants", "list", "--client", "Granted", "--json")))):
        assert time.monotonic() < deadline
    assert [g["grant_id"] for g in listed] == ["grant_1"]
    assert "revoked" in ok(run("grants", "revoke", "grant_1", "--why", "customer called"))
    assert "customer called" in ok(run("grants", "list"))
    assert "customer called" in ok(run("grants", "show", "grant_1"))
    assert run("grants", "revoke", "grant_2").exit_code == 1
    assert run("grants", "show", "../clients").exit_code == 1


def test_events_are_listed_and_followed(run: Run, place: Path) -> None:
    ok(run("users", "add", "ann", "--password-stdin", stdin="correct horse\n"))
    deadline = time.monotonic() + 10
    while not (listed := json.loads(ok(run("events", "list", "--json")))):
        assert time.monotonic() < deadline
    assert listed[0]["event"]["action"] == "user.added"
    assert "action=user.added" in ok(run("events", "list"))
    assert json.loads(ok(run("events", "list", "--after", "1", "--json"))) == []
    tail = subprocess.Popen(
        [sys.executable, "-c", TAIL, "events", "tail", "--json", "--policy", place / "ringfence.yaml"],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    threading.Timer(20, tail.kill).start()
    try:
        assert tail.stdout is not None
        assert json.loads(tail.stdout.readline())["position"] == 1
        ok(run("users", "disable", "ann"))
        assert json.loads(tail.stdout.readline())["event"]["action"] == "user.disabled"
    finally:
        tail.kill()
        tail.wait()


def test_nobody_answers(place: Path) -> None:
    run = runner(place / "ringfence.yaml")
    for arguments in (["clients", "list"], ["users", "list"], ["grants", "list"], ["events", "list"]):
        result = run(*arguments)
        assert result.exit_code == 2
        assert "Ringfence is not running" in result.stderr
        assert "ringfence up --policy" in result.stderr


def test_no_policy_file(tmp_path: Path) -> None:
    result = runner(tmp_path / "ringfence.yaml")("clients", "list")
    assert result.exit_code == 2
    assert "--policy" in result.stderr


@pytest.mark.parametrize("command", ["clients add", "users add", "grants list", "events tail"])
def test_help_has_an_example(command: str) -> None:
    result = CliRunner().invoke(commands(), [*command.split(), "--help"])
    assert f"ringfence {command}" in " ".join(result.output.split())


def test_a_password_is_never_an_argument() -> None:
    result = CliRunner().invoke(commands(), ["users", "add", "ann", "--password", "secret"])
    assert result.exit_code == 2


def test_a_cell_does_not_command_the_terminal() -> None:
    assert as_text("\x1b[31m\u202e") == "\\x1b[31m\\u202e"
    assert as_text(["a", {"b": "ü"}]) == 'a {"b": "ü"}'
    assert moment(0.0) == "1970-01-01 00:00:00Z"
    assert moment(None) == "–"
