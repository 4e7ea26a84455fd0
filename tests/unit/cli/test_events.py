"""`ringfence events`: what happened, and what happens."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

TAIL = """
import typer
from ringfence.cli import events
app = typer.Typer()
events.register(app)
app()
"""


def test_events_are_listed_and_followed(managed, ok, place: Path) -> None:
    ok(managed("users", "add", "ann", "--password-stdin", stdin="correct horse\n"))
    deadline = time.monotonic() + 10
    while not (listed := json.loads(ok(managed("events", "list", "--json")))):
        assert time.monotonic() < deadline
    assert listed[0]["event"]["action"] == "user.added"
    assert "action=user.added" in ok(managed("events", "list"))
    assert json.loads(ok(managed("events", "list", "--after", "1", "--json"))) == []
    tail = subprocess.Popen(
        [sys.executable, "-c", TAIL, "events", "tail", "--json", "--policy", place / "ringfence.yaml"],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    threading.Timer(20, tail.kill).start()
    try:
        assert tail.stdout is not None
        assert json.loads(tail.stdout.readline())["position"] == 1
        ok(managed("users", "disable", "ann"))
        assert json.loads(tail.stdout.readline())["event"]["action"] == "user.disabled"
    finally:
        tail.kill()
        tail.wait()
