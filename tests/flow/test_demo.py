"""`ringfence demo` for real: bank, edge, workers, authorization server, the story and every attack."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ringfence.attacks.catalogue import ATTACKS

pytestmark = [pytest.mark.flow, pytest.mark.timeout(150)]

STEPS = [
    *("start", "metadata", "register", "push", "login", "consent", "token"),
    *("accounts", "balance", "payment", "moved", "refresh", "other-partner", "short-token"),
    *("keys", "remembered", "revoke", "refused", "no-refresh"),
]
"""Every step that the story has to show."""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ringfence", "demo", *arguments]


def processes_of(directory: Path) -> list[str]:
    """Return the command lines of running processes that name the directory."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(directory) in line and process.name != str(os.getpid()):
            found.append(line)
    return found


@pytest.fixture
def directory(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("d")


@pytest.fixture
def told(directory):
    done = subprocess.run(
        command("--json", "--directory", str(directory)), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_every_step_goes_as_it_must_and_nothing_is_left_running(told, directory):
    assert told["ok"]
    assert [step["name"] for step in told["steps"]] == STEPS
    assert all(step["ok"] for step in told["steps"])
    assert [attack["name"] for attack in told["attacks"]] == [attack.name for attack in ATTACKS]
    for attack in told["attacks"]:
        assert attack["tries"], attack
        for one in attack["tries"]:
            assert (one["status"], one["reason"]) == (one["expected"]["status"], one["expected"]["reason"]), attack
        assert (attack["reached_bank"], attack["payments_made"]) == (0, 0), attack
    assert processes_of(directory) == []


def test_ctrl_c_ends_everything(directory):
    demo = subprocess.Popen(
        command("--keep", "--directory", str(directory)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        until = time.monotonic() + 100
        while not (directory / "state" / "run" / "admin.sock").exists():
            assert demo.poll() is None, demo.communicate()[0]
            assert time.monotonic() < until
            time.sleep(0.1)
        assert processes_of(directory)
        demo.send_signal(signal.SIGINT)
        output, _ = demo.communicate(timeout=60)
    finally:
        demo.kill()
    assert demo.returncode == 130, output
    assert "Traceback" not in output
    assert processes_of(directory) == []
