"""`ringfence intelligence`."""

import json

from typer.testing import CliRunner

from ringfence.cli.main import app


def test_nothing_is_known_where_no_feed_is(managed, ok) -> None:
    assert "names no feed" in ok(managed("intelligence", "list"))
    assert json.loads(ok(managed("intelligence", "list", "--json"))) == []
    assert "No feed names 203.0.114.7" in ok(managed("intelligence", "about", "203.0.114.7"))
    assert "Asked" in ok(managed("intelligence", "refresh"))


def test_a_document_is_tried_without_touching_anything(tmp_path) -> None:
    def tried(*words: str):
        return CliRunner().invoke(app, ["intelligence", "try", *words])

    file = tmp_path / "list"
    file.write_text("203.0.114.7\n10.0.0.1\n")
    assert "1 entries would be in force, 1 would be skipped" in tried(str(file)).stdout
    assert json.loads(tried(str(file), "--json").stdout) == {"entries": 1, "skipped": 1, "mistake": ""}
    file.write_text("<html>")
    refused = tried(str(file))
    assert refused.exit_code == 1
    assert "line 1" in refused.stderr
    assert tried(str(file), "--format", "telex").exit_code == 1
