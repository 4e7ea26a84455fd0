import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ringfence.app.installing import create_keys
from ringfence.cli import check, schema
from ringfence.clock import system_clock
from ringfence.demo.installation import write_installation

runner = CliRunner()
app = typer.Typer()
check.register(app)
schema.register(app)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "bank.yaml").write_text(
        "openapi: 3.0.3\nsecurity: [{o: []}]\npaths: {/a: {get: {responses: {200: {description: ok}}}}}\n"
    )
    for name in ("server.pem", "server.key"):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o600)
    path = tmp_path / "ringfence.yaml"
    path.write_text(
        """\
version: 1
issuer: https://localhost:8443
listeners: {public: {port: 8443, tls: {certificate: server.pem, key: server.key}}}
oauth: {scopes: {pay: Pay}}
apis:
  - name: bank
    versions:
      - name: v1
        openapi: bank.yaml
        upstream: {url: "http://127.0.0.1:9000"}
        defaults: {scopes: [pay]}
        waivers: [{fault: integer-response-key, at: /paths/*, reason: as published}]
on_outage: {fast_state: refuse, records: refuse, events: refuse, upstream: refuse}
"""
    )
    return path


def test_a_good_policy_is_named_with_its_waivers(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = runner.invoke(app, ["check", str(policy)])
    assert done.exit_code == 0
    assert "good. 1 operations" in done.output
    assert "waived: integer-response-key, 1 ×" in done.output
    assert runner.invoke(app, ["check", "--policy", str(policy)]).exit_code == 0
    monkeypatch.chdir(policy.parent)
    judged = json.loads(runner.invoke(app, ["check", "--json"]).output)
    assert (judged["ok"], judged["operations"]) == (True, 1)
    assert judged["waived"][0]["at"] == "/paths/~1a/get/responses/200"


def test_a_bad_policy_is_told_mistake_by_mistake(policy: Path) -> None:
    policy.write_text(
        policy.read_text().replace("version: 1", "version: 2").replace("refuse, upstream", "drop, upstream")
    )
    done = runner.invoke(app, ["check", str(policy)])
    assert done.exit_code == 1
    assert f"{policy}:1:10: `version` is `2`" in done.output
    assert "instead: write one of `refuse`, `spill`" in done.output
    assert "2 mistakes." in done.output
    judged = json.loads(runner.invoke(app, ["check", str(policy), "--json"]).output)
    assert judged["ok"] is False
    assert [(m["line"], m["column"]) for m in judged["mistakes"]] == [(1, 10), (13, 58)]


def test_markup_in_a_policy_is_text(policy: Path) -> None:
    policy.write_text(policy.read_text().replace("name: bank", 'name: "[red]x[/red]"'))
    done = runner.invoke(app, ["check", str(policy)])
    assert "`[red]x[/red]`" in done.output


def test_a_limit_in_which_other_calls_starve_payments_is_noted(tmp_path: Path) -> None:
    """As the demo's would be, if it kept nothing for them."""
    path = write_installation(tmp_path, system_clock(), create_keys).policy
    kept = runner.invoke(app, ["check", str(path)])
    assert (kept.exit_code, "note:" in kept.output) == (0, False), kept.output
    path.write_text(path.read_text().replace(", reserve: 4", ""))
    done = runner.invoke(app, ["check", str(path)])
    assert done.exit_code == 0
    assert "note: the limit `partner` keeps nothing for payments on a customer's consent" in done.output
    assert len(json.loads(runner.invoke(app, ["check", str(path), "--json"]).output)["notes"]) == 1
