"""Where nobody answers, and what is then said; the socket is found however wrong the policy is."""

import socket
from pathlib import Path

import pytest
import typer

from ringfence.cli.connection import admin_socket, segment


@pytest.mark.parametrize("group", ["clients", "users", "grants", "events"])
def test_nobody_answers(commanded, place: Path, group: str) -> None:
    result = commanded(group, "list")
    assert result.exit_code == 2
    assert "Ringfence is not running" in result.stderr
    assert f"ringfence up --policy {place}" in result.stderr


def test_a_socket_that_was_left_behind_is_nobody(commanded, place: Path) -> None:
    (place / "s" / "run").mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(place / "s" / "run" / "admin.sock"))
    result = commanded("clients", "list")
    assert result.exit_code == 2
    assert "Ringfence is not running" in result.stderr


def test_the_state_directory_is_read_from_a_policy_with_mistakes(place: Path) -> None:
    assert admin_socket(place / "ringfence.yaml") == place / "s" / "run" / "admin.sock"
    (place / "other.yaml").write_text("state: [1]\nx: 1\n")
    assert admin_socket(place / "other.yaml").name == "admin.sock"


@pytest.mark.parametrize("text", [None, "a: [", "a: 1\na: 2\n"])
def test_a_file_that_cannot_be_read_ends_the_command(
    text: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        (tmp_path / "ringfence.yaml").write_text(text)
    with pytest.raises(typer.Exit) as ended:
        admin_socket(tmp_path / "ringfence.yaml")
    assert ended.value.exit_code == 2
    assert "ringfence.yaml" in capsys.readouterr().err


def test_an_id_stays_one_segment() -> None:
    assert segment("../a b?c#d") == "..%2Fa%20b%3Fc%23d"


@pytest.mark.parametrize("command", ["clients add", "users add", "grants list", "events tail"])
def test_help_has_an_example(command: str, place: Path, commanded) -> None:
    result = commanded(*command.split(), "--help")
    assert f"ringfence {command}" in " ".join(result.output.split())
