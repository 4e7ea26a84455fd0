import json
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from ringfence import __version__
from ringfence.cli.main import app

RUNNER = CliRunner()
COMMANDS = get_command(app).commands  # type: ignore[attr-defined]
EVERY = [
    *((name,) for name, command in COMMANDS.items() if not hasattr(command, "commands")),
    *((name, below) for name, command in COMMANDS.items() for below in getattr(command, "commands", ())),
]


def test_the_version() -> None:
    assert RUNNER.invoke(app, ["--version"]).stdout == f"ringfence {__version__}\n"


def test_without_a_command_the_help_says_where_to_start() -> None:
    assert "ringfence demo" in RUNNER.invoke(app, []).output


@pytest.mark.parametrize("names", [*EVERY, *((name,) for name in COMMANDS)], ids=" ".join)
def test_every_command_has_help_with_an_example(names: tuple[str, ...]) -> None:
    shown = RUNNER.invoke(app, [*names, "--help"])
    assert shown.exit_code == 0
    example = " ".join(shown.output.split()).partition("Example: ")[2]
    assert f"ringfence {' '.join(names)}" in example


@pytest.mark.parametrize("names", [n for n in EVERY if n[-1] == "list"], ids=" ".join)
def test_every_listing_speaks_json(names: tuple[str, ...]) -> None:
    assert "--json" in RUNNER.invoke(app, [*names, "--help"], terminal_width=200).output


def test_schema_is_json() -> None:
    assert json.loads(RUNNER.invoke(app, ["schema"]).stdout)["$schema"].endswith("2020-12/schema")


def test_without_a_policy_the_error_says_what_to_do(tmp_path: Path) -> None:
    missing = RUNNER.invoke(app, ["up", "--policy", str(tmp_path / "none.yaml")])
    assert missing.exit_code == 1
    assert "ringfence init" in missing.output
