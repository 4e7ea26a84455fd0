"""`ringfence rules backtest` by a policy: what is in force there, and playbooks that would take its place."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ringfence.cli.main import app
from ringfence.clock import Instant
from ringfence.events import CallDecided, encode
from tests.unit.app.export.test_role import policy_with

BOOK = """id: partner-misbehaves
title: A partner misbehaves
description: Ours, changed.
mode: "on"
rules: [object-probing]
ladder:
  of: client
  rungs:
    - {steps: [{do: throttle, of: client}, {do: notify, channels: [phone]}]}
    - {steps: [{do: suspend, of: client}]}
"""
POLICY = """
watch: {modes: {object-probing: enforce}, playbook_modes: {partner-misbehaves: "on"}}
limits: {partner: {per: client, rate_per_second: 1, burst: 1}}
notify: {webhook: {phone: {url: "https://hooks.example/", secret_file: secret}}}
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    refused = {"allowed": False, "status": 403, "reason": "object-not-granted", "operation": "GetAccount"}
    calls = [
        CallDecided(Instant(1000 + 3000 * (n // 40) + n), "c", "t", client="c_1", user="u", **refused)
        for n in range(80)
    ]
    (tmp_path / "events.jsonl").write_bytes(b"".join(encode(call) + b"\n" for call in calls))
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "own.yaml").write_text(BOOK)
    return policy_with(tmp_path, POLICY)


def run(policy: Path, *arguments: str):
    command = ["rules", "backtest", "--policy", str(policy), "--events", str(policy.parent / "events.jsonl")]
    return CliRunner().invoke(app, [*command, *arguments])


def test_a_changed_playbook_is_held_against_the_one_in_force(ok, installed: Path) -> None:
    books = str(installed.parent / "books")
    shown = ok(run(installed, "--playbooks", books))
    assert "+ notify channel phone by partner-misbehaves/1" in shown
    assert "+ suspend client c_1 by partner-misbehaves/2 (waits for a person)" in shown
    assert "- open-case client c_1 by partner-misbehaves" in shown
    assert [line.split() for line in shown.splitlines() if line.startswith("c_1")] == [
        ["c_1", "notify", "0", "1"],
        ["c_1", "open-case", "1", "0"],
    ]
    found = json.loads(ok(run(installed, "--playbooks", books, "--json")))
    assert (found["more"], found["fewer"], found["events"]) == ([], [], 80)


def test_what_would_be_done_if_everything_were_enforced(ok, installed: Path) -> None:
    installed.write_text(installed.read_text().replace("watch: {modes", "#"))
    books = str(installed.parent / "books")
    assert "Nothing would differ." in ok(run(installed, "--playbooks", books))
    assert "c_1" in ok(run(installed, "--playbooks", books, "--enforced"))


def test_nothing_to_try_and_what_cannot_be_tried(installed: Path, tmp_path: Path) -> None:
    assert run(installed).exit_code == 1
    (tmp_path / "books" / "own.yaml").write_text(BOOK.replace("[phone]", "[pager]"))
    refused = run(installed, "--playbooks", str(tmp_path / "books"))
    assert refused.exit_code == 1
    assert "no channel `pager`" in refused.stderr
