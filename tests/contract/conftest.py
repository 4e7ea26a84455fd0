"""Run pieces of Python in processes of their own, as workers do."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start `python -c script args…`; whatever still runs at the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def run(script: str, *args: object) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, args)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def outputs() -> Callable[[list["subprocess.Popen[str]"]], list[str]]:
    """Wait for processes and return what each printed; a failed one fails the test with its traceback.

    Each has printed a line when it was ready, and waits for a line before it begins, so that they overlap.
    """

    def collect(processes: list["subprocess.Popen[str]"]) -> list[str]:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        texts = []
        for process in processes:
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, err
            texts.append(out)
        return texts

    return collect
