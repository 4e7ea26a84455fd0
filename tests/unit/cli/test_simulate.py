"""`ringfence simulate`: events and their ground truth as files."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from ringfence.cli.main import app
from ringfence.events import decode


def run(where: Path, *arguments: str):
    files = ["--events", str(where / "e.jsonl"), "--truth", str(where / "t.jsonl")]
    return CliRunner().invoke(app, ["simulate", "--entities", "60", *files, *arguments])


def written(where: Path) -> tuple[list[Any], list[dict[str, Any]]]:
    events = [decode(line) for line in (where / "e.jsonl").read_bytes().splitlines()]
    return events, [json.loads(line) for line in (where / "t.jsonl").read_text().splitlines()]


def test_truth_points_at_the_attackers_lines(ok, tmp_path: Path) -> None:
    told = json.loads(ok(run(tmp_path, "--attack", "spray", "--attack", "injection", "--seed", "5", "--json")))
    events, truth = written(tmp_path)
    assert told["events"] == len(events)
    attacks = [one for one in truth if one["attack"]]
    assert {one["attack"] for one in attacks} == {"spray", "injection"}
    reasons = {one["attack"]: events[one["line"] - 1].reason for one in attacks}
    assert reasons == {"spray": "login-failed", "injection": "suspicious-text"}
    assert told["labelled"]["spray"] == sum(one["attack"] == "spray" for one in attacks)


def test_the_seed_decides_everything(ok, tmp_path: Path) -> None:
    read = []
    for seed in ("7", "7", "8"):
        assert "events of 1 days" in ok(run(tmp_path, "--attack", "stuffing", "--form", "distributed", "--seed", seed))
        read.append((tmp_path / "e.jsonl").read_bytes())
    assert read[0] == read[1] != read[2]


def test_what_there_is_not_is_told(tmp_path: Path) -> None:
    assert "brute-force" in run(tmp_path, "--attack", "magic").stderr
    assert "distributed" in run(tmp_path, "--form", "hard").stderr
    assert run(tmp_path / "nowhere").exit_code == 1
    assert "one file" in run(tmp_path, "--truth", str(tmp_path / "e.jsonl")).stderr
    full = run(tmp_path, "--events", "/dev/full")
    assert full.exit_code == 1
    assert "No space left" in full.stderr
