"""Cells and tables: nothing commands the terminal, nothing is folded in a pipe."""

import json

import pytest

from ringfence.cli.tables import as_text, json_text, moment, print_record, print_table


def test_a_cell_does_not_command_the_terminal() -> None:
    assert as_text("\x1b[31m\u202e") == "\\x1b[31m\\u202e"
    assert as_text(["a", {"b": "ü"}]) == 'a {"b": "ü"}'
    assert moment(0.0) == "1970-01-01 00:00:00Z"
    assert moment(None) == "–"


def test_a_pipe_gets_whole_lines_and_an_empty_table_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("a", "b"), [("x" * 300, "[bold]y[/bold] :smile:")], "nothing")
    assert f"{'x' * 300}  [bold]y[/bold] :smile:" in capsys.readouterr().out
    print_table(("a",), [], "nothing")
    print_record({"created_at": 0.0, "revoked_at": None, "scopes": ["a", "b"]})
    out = capsys.readouterr().out.split()
    assert out[0] == "nothing"
    assert out[1:] == ["created_at", "1970-01-01", "00:00:00Z", "revoked_at", "–", "scopes", "a", "b"]


def test_json_is_the_same_value_and_does_not_command_the_terminal() -> None:
    value = {"a": ["\x1b]0;x\x07", "\u009b31m", "\u202e", "\U000e0001", "Å 銀行 😀", "\n"], "\u009b": None}
    for indent in (None, 2):
        text = json_text(value, indent)
        assert json.loads(text) == value
        assert all(c.isprintable() or c == "\n" for c in text)
        assert "Å 銀行 😀" in text
