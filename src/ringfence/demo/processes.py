"""The demonstration's child processes: started, watched, and ended whatever happens."""

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ringfence.clock import Seconds, monotonic_seconds

STOP_SECONDS: Final = 15.0
"""How long a process may take to end after SIGTERM."""

POLL_SECONDS: Final = 0.05

TAIL_LINES: Final = 25
"""Lines of a log that are shown when something fails."""

_PR_SET_PDEATHSIG: Final = 1
"""`prctl(2)`: the signal that a process gets when its parent dies."""

_libc: Final = ctypes.CDLL(None)


class StartFailed(Exception):
    """A process ended too early or did not get ready in time; the text holds the end of its log."""


class Processes:
    """Child processes with one log file each, ended in reverse order."""

    def __init__(self, logs: Path) -> None:
        """Take the directory of the logs."""
        self._logs: Final = logs
        self._running: Final[dict[str, subprocess.Popen[bytes]]] = {}

    def start(self, name: str, *arguments: str) -> None:
        """Start `python ARGUMENTS`; what it prints goes to `NAME.log`.

        It has a session of its own, so that Ctrl-C reaches us alone and we end things in order.
        """
        with (self._logs / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603 our own interpreter and modules
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 there are no threads yet
            )

    def wait_until(self, ready: Callable[[], bool], what: str, within: Seconds) -> None:
        """Return when `ready` says so.

        Raises:
            StartFailed: a process has ended, or the time is up.
        """
        until = monotonic_seconds() + within
        while not ready():
            for name, process in self._running.items():
                if process.poll() is not None:
                    raise StartFailed(f"{name} ended with status {process.returncode}\n{self.tails([name])}")
            if monotonic_seconds() > until:
                raise StartFailed(f"{what} was not ready within {within:.0f} s\n{self.tails()}")
            time.sleep(POLL_SECONDS)

    def tails(self, names: Sequence[str] = ()) -> str:
        """Return the last lines of the logs."""
        shown = []
        for name in names or tuple(self._running):
            log = self._logs / f"{name}.log"
            lines = log.read_text("utf-8", "replace").splitlines()[-TAIL_LINES:] if log.exists() else []
            shown.append("\n".join([f"--- {log}", *lines]))
        return "\n".join(shown)

    def __enter__(self) -> Self:
        """Return the set; nothing runs yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all, the last one started first."""
        for process in reversed(self._running.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _end_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
