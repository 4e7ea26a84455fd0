"""The walk of docs/audit.md, command by command, against a running installation; and what it must survive."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from running_installation import Running, begin

from ringfence.audit.index import open_index, read_head
from ringfence.audit.tiles import ENTRIES, WIDTH, tile_path
from ringfence.demo.processes import Processes

pytestmark = pytest.mark.flow

ROOT = Path(__file__).parents[3]
PORT = 8711


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("a")
    with Processes(directory / "logs") as processes:
        yield begin(directory, processes, "\naudit: {receipts: on, checkpoint_seconds: 0.2}\n")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(look: Callable[[], Any], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def noted_redactions(directory: Path) -> list[Any]:
    with closing(sqlite3.connect(directory / "state/events.db")) as stream:
        return stream.execute("SELECT * FROM redactions").fetchall()


def told(directory: Path, text: str) -> list[Any]:
    with closing(sqlite3.connect(directory / "state/events.db")) as stream:
        return stream.execute("SELECT position FROM events WHERE instr(data, ?) > 0", (text.encode(),)).fetchall()


class Shell:
    """Runs commands as a reader of the page would, in the directory of the policy."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.background: list[subprocess.Popen[bytes]] = []

    def run(self, command: str, code: int = 0) -> str:
        environment = os.environ | {"PATH": self.path}
        if command.endswith("&"):
            self.background.append(
                subprocess.Popen(["bash", "-c", f"exec {command[:-1]}"], cwd=self.directory, env=environment)
            )
            return ""
        ran = subprocess.run(
            ["bash", "-c", command],
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == code, f"{command}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    def until(self, command: str, seconds: float = 30) -> str:
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.run(command)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.3)

    def end(self) -> None:
        for process in self.background:
            process.terminate()
            process.wait(10)


@pytest.fixture(scope="module")
def shell(audited: Running) -> Iterator[Shell]:
    opened = Shell(audited.installation.directory)
    yield opened
    opened.end()


def commands() -> list[str]:
    page = (ROOT / "docs" / "audit.md").read_text()
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


def head_size(running: Running) -> int:
    connection = open_index(running.installation.directory / "state/audit/index.db")
    try:
        head = read_head(connection)
        return head.size if head else 0
    finally:
        connection.close()


def test_the_walk(audited: Running, shell: Shell) -> None:
    """One test, because a walk has an order."""
    port = str(free_port())
    answer = audited.partner.call("GET", audited.installation.accounts_url, audited.tokens)
    assert answer.status_code == 200
    receipt = answer.headers["ringfence-receipt"]
    (shell.directory / "receipt").write_text(receipt + "\n")
    users = until(lambda: {event["user"] for event in audited.events("consent.moved.v1")} - {""})
    (user,) = users
    (shell.directory / "user").write_text(user + "\n")
    with audited.installation.http() as http:
        assert http.get(audited.installation.accounts_url).status_code == 401
    outputs: dict[str, str] = {}
    for command in commands():
        asked = command.replace(str(PORT), port)
        if "curl" in asked or "receipt" in asked or "seen witnessed" in asked:
            outputs[command] = shell.until(asked)  # what is witnessed, or promised, takes a moment
        else:
            outputs[command] = shell.run(asked)
        if command.endswith("&"):
            key = (shell.directory / "witness.key").read_text().strip()
            witness = f"witnesses: [{{key: '{key}', url: 'http://127.0.0.1:{port}'}}]"
            audited.edit_policy(r"audit: \{receipts: on", f"audit: {{{witness}, receipts: on")
            time.sleep(1)
            audited.partner.call("GET", audited.installation.accounts_url, audited.tokens)

    def output(part: str) -> list[str]:
        return [text for command, text in outputs.items() if part in command]

    assert all("VERIFIED" in text.splitlines()[-1] for text in output("audit verify "))
    assert "by witness.example/w1" in output("--quorum 1")[0]
    (standing_by,) = shell.background
    limits = Path(f"/proc/{standing_by.pid}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0\s", limits), "a witness that crashes would leave its key"
    assert all(text.splitlines()[-1] == "VERIFIED" for text in output("python3 verify.py"))
    assert "made with the key that the log had committed to" in output('--receipt "$(cat receipt)"')[-1]
    assert "Authorised" in output("consent.moved")[0]
    found = msgspec.json.decode(output("token-missing")[0])
    assert found[-1]["event"]["status"] == 401
    assert found[-1]["personal"] == "open"
    assert found[-1]["event"]["network"]
    assert len((shell.directory / "all.jsonl").read_text().splitlines()) > 10
    assert "Nothing speaks against them." in output("evidence")[0]
    # After shredding nothing in the log's files leads to the person.
    after = shell.run("ringfence audit search --kind consent.moved.v1 --json")
    assert {f["personal"] for f in msgspec.json.decode(after)} == {"sealed", "none"}  # none: before the customer came
    assert user not in after
    lying = [p for p in (shell.directory / "state/audit").rglob("*") if p.is_file() and user.encode() in p.read_bytes()]
    assert lying == []
    assert until(lambda: [e for e in audited.events("admin.acted.v1") if e["action"] == "audit.shredded"])
    until(lambda: not noted_redactions(shell.directory))
    assert told(shell.directory, user) == []
    assert told(shell.directory, "consent.moved.v1")  # it still says that somebody consented


def test_kill_9_of_the_audit_process_loses_and_repeats_nothing(audited: Running, shell: Shell) -> None:
    calls = 0
    for _ in range(3):
        for _ in range(20):
            calls += audited.partner.call("GET", audited.installation.accounts_url, audited.tokens).status_code == 200
        os.kill(audited.role_pid("audit"), signal.SIGKILL)
        for _ in range(20):
            calls += audited.partner.call("GET", audited.installation.accounts_url, audited.tokens).status_code == 200
        time.sleep(0.5)
    assert calls == 120
    after, deadline = 0, time.monotonic() + 30
    while time.monotonic() < deadline:
        last = audited.management._call("GET", "/events", params={"last": "1", "limit": "1"})["items"][-1]["position"]
        after = head_size(audited)
        if after == last:
            break
        time.sleep(0.3)
    assert after == last  # one entry for each event of the stream
    text = shell.until('ringfence audit verify --key "$(cat state/audit/log.keys)"')
    assert text.splitlines()[-1] == "VERIFIED"


def promised_size(shell: Shell) -> int:
    return int((shell.directory / "state/audit/checkpoint").read_text().splitlines()[1])


def test_without_the_signer_calls_go_on_and_the_log_catches_up(audited: Running, shell: Shell) -> None:
    pid = audited.role_pid("signer")
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(1)
        before, promised = head_size(audited), promised_size(shell)
        for _ in range(5):
            answer = audited.partner.call("GET", audited.installation.accounts_url, audited.tokens)
            assert answer.status_code == 200
        until(lambda: head_size(audited) >= before + 5)
        assert promised_size(shell) == promised
        found = msgspec.json.decode(shell.run("ringfence audit search --reason token-missing --json"))
        assert {f["personal"] for f in found} == {"sealed"}
    finally:
        os.kill(pid, signal.SIGKILL)
    until(lambda: promised_size(shell) >= before + 5)
    text = shell.until('ringfence audit verify --key "$(cat log.key)"')
    assert text.splitlines()[-1] == "VERIFIED"


def test_at_rest_the_log_does_not_grow_by_its_own_signatures(audited: Running) -> None:
    """Some time within half a minute nothing happens for three seconds: fifteen checkpoints would have fitted in."""

    def rested() -> bool:
        before = head_size(audited)
        time.sleep(3)
        return head_size(audited) == before

    until(rested, 30)


def test_what_the_log_holds_after_a_change_of_a_file_is_found(audited: Running, shell: Shell, tmp_path: Path) -> None:
    shutil.copytree(shell.directory / "state/audit", tmp_path / "copy")
    shell.run(f'ringfence audit verify --key "$(cat state/audit/log.keys)" --directory {tmp_path}/copy')
    size = int((tmp_path / "copy/checkpoint").read_text().splitlines()[1])
    path = tmp_path / "copy" / tile_path(ENTRIES, size // WIDTH, size % WIDTH or WIDTH)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    said = subprocess.run(
        [Path(sys.executable).parent / "ringfence", "audit", "verify", "--directory", tmp_path / "copy", "--key",
         (shell.directory / "state/audit/log.keys").read_text()],
        cwd=shell.directory, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 1
    assert "WRONG: " in said.stderr
