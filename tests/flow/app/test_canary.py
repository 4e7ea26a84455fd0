"""A policy that is tried on one partner, through edge and workers: kept over restarts, compared, ended, promoted under load."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from running_installation import Load, Running
from typer.testing import CliRunner

from ringfence.app.ready import answers
from ringfence.cli.main import app
from ringfence.policy.load import load

pytestmark = [pytest.mark.flow, pytest.mark.timeout(240)]

FEW_READS = """defaults: {
          rules: [{name: few-reads, unattended: {per: [client, operation], header: x-fapi-customer-ip-address, at_most: 1}}],
          scopes: [accounts]"""


def run(running: Running, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["canary", *arguments, "--policy", str(running.installation.policy)])


def ok(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def next_policy(running: Running, old: str, new: str) -> Path:
    text = running.installation.policy.read_text()
    assert old in text
    file = running.installation.policy.with_name("next.yaml")
    file.write_text(text.replace(old, new))
    return file


def statuses(running: Running) -> set[Any]:
    """The answers of all workers, who are asked in turn."""
    return {
        running.partner.call("GET", running.installation.accounts_url, running.tokens).status_code for _ in "123456"
    }


def until(running: Running, condition: Callable[[], bool], within: float = 60.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, running.log()[-3000:]
        time.sleep(0.1)


def another(running: Running, before: int) -> bool:
    """Whether another process is the first worker by now, and listens."""
    try:
        found = running.role_pid("gateway-0")
    except AssertionError:
        return False
    return found != before and answers(running.installation.directory / "state/run/gw0.sock")


def test_what_every_client_shares_cannot_be_tried_and_the_old_policy_goes_on(running: Running) -> None:
    file = next_policy(running, "workers: 2", "workers: 3")
    refused = run(running, "start", str(file), "--share", "5")
    assert refused.exit_code == 1
    assert "next.yaml:" in refused.output
    assert "`gateway.workers` holds for every client alike" in refused.output
    assert "write `2`" in refused.output
    file.write_text("version: nonsense\n")
    assert "`version` is `nonsense`" in run(running, "start", str(file), "--share", "5").output
    assert ok(run(running, "show")) == "No policy is being tried.\n"
    assert statuses(running) == {200}


def test_a_canary_governs_its_clients_at_every_worker_and_over_restarts_until_it_is_ended(running: Running) -> None:
    file = next_policy(running, "defaults: {scopes: [accounts]", FEW_READS)
    name, client = load(file).digest[:16], running.partner.registration.client_id
    ok(run(running, "start", str(file), "--client", client))
    until(running, lambda: statuses(running) == {429})
    worker = running.role_pid("gateway-0")
    os.kill(running.supervisor_pid(), signal.SIGHUP)
    os.kill(worker, signal.SIGKILL)
    until(running, lambda: another(running, worker))
    assert statuses(running) == {429}
    running.wait_for_event(
        "call.decided.v1",
        lambda event: (event["policy"], event["canary"], event["reason"]) == (name, True, "customer-absent"),
    )
    assert f"({name}) governs {client}" in ok(run(running, "show"))
    found = json.loads(ok(run(running, "compare", "--json")))
    rows = {(one["client"], one["rule"]): one for one in found["items"]}
    assert rows[client, "rule few-reads"]["canary_refused"] >= 6
    assert rows[client, "rule few-reads"]["old_refused"] == 0
    assert rows[client, "rule few-reads"]["old_calls"] >= 6
    metrics = CliRunner().invoke(app, ["metrics", "--policy", str(running.installation.policy)]).stdout
    assert f'policy="{name}",reason="customer-absent",side="canary"' in metrics
    ok(run(running, "abort"))
    until(running, lambda: statuses(running) == {200})


def test_a_canary_that_is_promoted_holds_for_everybody_and_drops_nothing(running: Running) -> None:
    text = running.installation.policy.read_text()
    file = next_policy(running, "rate_per_second: 100000", "rate_per_second: 90000")
    name, client = load(file).digest[:16], running.partner.registration.client_id
    with Load(running) as calls:
        ok(run(running, "start", str(file), "--client", client))
        running.wait_for_event("call.decided.v1", lambda event: event["policy"] == name and event["canary"])
        ok(run(running, "promote"))
        running.wait_for_event("call.decided.v1", lambda event: event["policy"] == name and not event["canary"])
        calls.until_calls(50)
    assert calls.failures() == {}
    assert running.installation.policy.read_text() == file.read_text()
    assert running.installation.policy.with_name("ringfence.yaml.before-canary").read_text() == text
    assert ok(run(running, "show")) == "No policy is being tried.\n"
    actions = [event["action"] for event in running.events("admin.acted.v1")]
    assert [one for one in actions if one.startswith("canary.")] == [
        "canary.started", "canary.aborted", "canary.started", "canary.promoted",
    ]  # fmt: skip
