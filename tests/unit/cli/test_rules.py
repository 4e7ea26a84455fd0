"""`ringfence rules`: list, show, explain, import, test, backtest."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ringfence.cli.main import app

CASES = Path(__file__).parents[2] / "rules"


def run(*arguments: str):
    return CliRunner().invoke(app, ["rules", *arguments])


def test_rules_are_listed_and_shown_to_be_changed(ok, tmp_path: Path) -> None:
    assert "brute-force" in ok(run("list"))
    assert len(json.loads(ok(run("list", "--json")))) >= 20
    (tmp_path / "own.yaml").write_text(ok(run("show", "brute-force")).replace("count >= 10", "count >= 3"))
    assert "count >= 3" in ok(run("show", "brute-force", "--rules", str(tmp_path)))
    assert run("show", "none").exit_code == 1


def test_cases_are_run_and_a_rule_that_changed_fails_them(ok, tmp_path: Path) -> None:
    assert "FAIL" not in ok(run("test", str(CASES)))
    (tmp_path / "own.yaml").write_text(ok(run("show", "brute-force")).replace("count >= 10", "count >= 3"))
    failed = run("test", str(CASES / "brute-force.yaml"), "--rules", str(tmp_path))
    assert failed.exit_code == 1
    assert "FAIL  brute-force: nine are not enough: 1 alerts, not 0" in failed.stdout


@pytest.mark.parametrize("text", ["rule: none\ncases: [{name: a, events: [], alerts: 0}]", "rule: [", "cases: []"])
def test_files_that_are_no_cases_are_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    assert run("test", str(tmp_path)).exit_code == 1


def test_a_change_is_tried_on_what_happened(managed, ok, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        ok(run("show", "mass-administration"))
        .replace("count >= 20", "count >= 2")
        .replace("mode: alert", "mode: enforce")
    )
    for name in ("a", "b", "c"):
        ok(managed("blocks", "add", "network", f"192.0.2.{ord(name)}", "--why", "x"))
        ok(managed("users", "add", name, stdin="a long password\na long password\n"))
        ok(managed("users", "disable", name))
    found = json.loads(managed("rules", "backtest", "--rules", str(tmp_path), "--json").stdout)
    assert [alert["rule"] for alert in found["more"]] == ["mass-administration"]
    shown = managed("rules", "backtest", "--rules", str(tmp_path))
    assert "+ mass-administration" in ok(shown)
    assert "compared with what is shipped" in shown.stderr


def test_a_change_is_tried_on_simulated_traffic(ok, tmp_path: Path) -> None:
    rules, events = tmp_path / "rules", tmp_path / "events.jsonl"
    rules.mkdir()
    (rules / "own.yaml").write_text(ok(run("show", "password-spray")).replace("users >= 5", "users >= 900"))
    simulated = ["simulate", "--attack", "spray", "--entities", "50", "--events", str(events)]
    ok(CliRunner().invoke(app, [*simulated, "--truth", str(tmp_path / "truth.jsonl")]))
    assert "- password-spray: " in ok(run("backtest", "--rules", str(rules), "--events", str(events)))
    events.write_bytes(events.read_bytes() + b"{}\n")
    refused = run("backtest", "--rules", str(rules), "--events", str(events))
    assert refused.exit_code == 1
    assert f"events.jsonl:{len(events.read_bytes().splitlines())}" in refused.stderr
    assert run("backtest", "--rules", str(rules), "--events", str(tmp_path / "none")).exit_code == 1


def test_a_rule_is_explained_in_sentences(ok) -> None:
    assert "It fires when count >= 10." in ok(run("explain", "brute-force"))
    assert json.loads(ok(run("explain", "guessing-succeeded", "--json")))[0].startswith("A guessed password")
    assert run("explain", "none").exit_code == 1


SIGMA = """
title: Folders of version control
logsource: {category: webserver}
detection: {s: {cs-uri-stem|contains: /.git/}, condition: s}
---
title: A query
logsource: {category: webserver}
detection: {s: {cs-uri-query|contains: x}, condition: s}
"""


def test_sigma_rules_are_imported_or_it_is_said_why_not(ok, tmp_path: Path) -> None:
    (tmp_path / "sigma").mkdir()
    (tmp_path / "sigma/web.yml").write_text(SIGMA)
    (tmp_path / "sigma/none.yml").write_text("- a list")
    to = tmp_path / "rules"
    told = run("import", str(tmp_path / "sigma"), "--to", str(to), "--json")
    assert told.exit_code == 1  # something was left out
    assert [(bool(one["rule"]), one["why_not"]) for one in json.loads(told.stdout)] == [
        (False, "it is no Sigma rule"),
        (True, ""),
        (False, "`cs-uri-query`: no event keeps a query"),
    ]
    assert "sigma-folders-of-version-control" in ok(run("list", "--rules", str(to)))
    (tmp_path / "sigma/none.yml").unlink()
    (tmp_path / "sigma/web.yml").write_text(SIGMA.partition("---")[0])
    assert "sigma-folders" in ok(run("import", str(tmp_path / "sigma/web.yml"), "--to", str(to)))
