"""`ringfence diff`, on policies that `ringfence init` wrote."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ringfence.cli.main import app

BANK = """\
openapi: 3.0.3
info: {title: Bank, version: 1.0.0}
security: [{o: []}]
paths:
  /accounts:
    get: {operationId: getAccounts, responses: {'200': {description: ok}}}
"""


def run(*arguments: str):
    return CliRunner().invoke(app, ["diff", *arguments])


@pytest.fixture
def policies(tmp_path: Path) -> tuple[Path, Path]:
    """A policy, and one beside it that lets larger bodies in and demands a binding."""
    (tmp_path / "bank.yaml").write_text(BANK)
    arguments = [
        "init",
        str(tmp_path / "b"),
        "--openapi",
        str(tmp_path / "bank.yaml"),
        "--upstream",
        "http://127.0.0.1:9000",
    ]
    made = CliRunner().invoke(app, arguments)
    assert made.exit_code == 0, made.output
    old, new = tmp_path / "b" / "ringfence.yaml", tmp_path / "b" / "next.yaml"
    text = old.read_text()
    assert "\ngateway:" not in text
    new.write_text(text + "gateway: {max_json_depth: 64}\n")
    return old, new


def test_exit_codes_say_whether_something_becomes_looser(policies: tuple[Path, Path]) -> None:
    old, new = map(str, policies)
    same = run(old, old)
    assert (same.exit_code, same.stdout) == (0, "The policies are the same.\n")
    looser = run(old, new)
    assert (looser.exit_code, looser.stdout) == (3, "looser    gateway.max_json_depth  64 now, was 32\n")
    stricter = run(new, old, "--json")
    assert stricter.exit_code == 0
    assert json.loads(stricter.stdout) == [
        {"direction": "stricter", "place": "gateway.max_json_depth", "what": "32 now, was 64"}
    ]


def test_a_policy_with_mistakes_is_no_policy(policies: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("version: 2\n")
    assert run(str(policies[0]), str(tmp_path / "broken.yaml")).exit_code == 1
    assert run(str(tmp_path / "none.yaml"), str(policies[0])).exit_code == 1
