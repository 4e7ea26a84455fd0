import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ringfence.cli import replay, scan

CARD = "4111111111111111"

runner = CliRunner()
app = typer.Typer()
scan.register(app)
replay.register(app)


@pytest.mark.shows_numbers("the scanner's own input")
def test_what_is_found_is_shown_masked_and_ends_with_three(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text(f"paid with {CARD}\n")
    ran = runner.invoke(app, ["scan", str(tmp_path)])
    assert ran.exit_code == scan.FOUND
    assert f"{tmp_path}/x.log: byte 10: card 411111******1111" in ran.output
    assert CARD not in ran.output
    told = json.loads(runner.invoke(app, ["scan", "--json", str(tmp_path)]).stdout)
    assert told["found"][0] | {"path": ""} == {
        "path": "",
        "where": "byte 10",
        "kind": "card",
        "masked": "411111******1111",
        "base64": False,
    }


def test_nothing_found_is_said_and_what_could_not_be_read_is_not_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("paid\n")
    ran = runner.invoke(app, ["scan", str(tmp_path)])
    assert ran.exit_code == 0
    assert "0 found in 1 file." in ran.output
    ran = runner.invoke(app, ["scan", str(tmp_path / "none")])
    assert ran.exit_code == 1
    assert "could not be read" in ran.output
