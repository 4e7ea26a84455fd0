"""`ringfence demo` for real: bank, edge, workers, authorization server, the story and every attack."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ringfence.attacks.catalogue import ATTACKS

pytestmark = [pytest.mark.flow, pytest.mark.timeout(150)]

STEPS = [
    *("start", "metadata", "register", "authenticator", "push", "login", "consent", "token"),
    *("accounts", "balance", "approve", "payment", "moved", "refresh", "other-partner", "short-token"),
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


@contextmanager
def kept(directory: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run `ringfence demo --keep` until it says how to call it; yields it and what it printed."""
    demo = subprocess.Popen(
        command("--keep", "--directory", str(directory)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert demo.stdout is not None
        printed: list[str] = []
        while "ringfence events list" not in (printed[-1] if printed else ""):
            printed.append(demo.stdout.readline())
            assert printed[-1], "".join(printed)
        yield demo, printed
    finally:
        demo.kill()
        demo.communicate()


def test_kept_running_it_can_be_called_with_the_printed_lines_and_ctrl_c_ends_it(directory):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    with kept(directory) as (demo, printed):
        lines = [line for line in printed if line.startswith("curl ")]
        metadata, refused, accounts, payment = [
            subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=30, check=True).stdout
            for line in lines
        ]
        demo.send_signal(signal.SIGINT)
        rest, _ = demo.communicate(timeout=60)
    assert json.loads(metadata)["require_pushed_authorization_requests"] is True
    assert " 401" in refused.splitlines()[0]
    assert "urn:ringfence:problem:token-missing" in refused
    assert len(json.loads(accounts)["Data"]["Account"]) == 2
    assert json.loads(payment)["Data"]["Status"] == "ACSC"
    assert demo.returncode == 130, rest
    assert "Traceback" not in rest
    assert processes_of(directory) == []


def test_even_a_killed_demo_leaves_nothing_running(directory):
    with subprocess.Popen(command("--json", "--directory", str(directory)), stdout=subprocess.DEVNULL) as demo:
        until = time.monotonic() + 60
        while not (directory / "state" / "run" / "admin.sock").exists():
            assert demo.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        demo.kill()
    until = time.monotonic() + 60
    while left := processes_of(directory):
        assert time.monotonic() < until, left
        time.sleep(0.2)


def test_what_cannot_start_is_told_with_its_log(directory, tmp_path):
    # A policy directory that is too deep for unix sockets: the smallest thing that keeps `up` from starting.
    deep = tmp_path / ("d" * 90)
    done = subprocess.run(command("--directory", str(deep)), capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 1
    assert "ringfence ended with status" in done.stdout
    assert "the socket" in " ".join(done.stdout.split())
    assert processes_of(deep) == []
