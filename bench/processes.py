"""Start processes, and read what they cost: CPU time and memory of a process with all its children."""

import os
import signal
import subprocess
import time
from pathlib import Path

import msgspec

STOP_SECONDS = 40.0
PROC = Path("/proc")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Cost(msgspec.Struct, frozen=True):
    """What a family of processes has used."""

    cpu_us: float
    """CPU time since each of their threads began, in µs."""
    resident_mb: dict[str, float]
    """Resident memory of each, in MB, by a short name of its command line."""


def family(root: int) -> list[int]:
    """Return a process and everything that descends from it."""
    parents: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents.setdefault(int(stat.rsplit(")", 1)[1].split()[1]), []).append(int(entry.name))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += parents.get(pid, [])
    return found


def cpu_us(pid: int) -> float:
    """Return the CPU time that the threads of a process have used, in µs: the scheduler's own count, in ns."""
    spent = 0
    for task in (PROC / str(pid) / "task").iterdir():
        try:
            spent += int((task / "schedstat").read_text().split()[0])
        except OSError:
            continue
    return spent / 1000


def cost(root: int) -> Cost:
    """Return what a process and its descendants have used so far."""
    spent, resident = 0.0, {}
    for pid in family(root):
        try:
            spent += cpu_us(pid)
            words = (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
            pages = int((PROC / str(pid) / "statm").read_text().split()[1])
        except OSError:
            continue
        resident[_short([word.decode() for word in words])] = pages * PAGE / 1e6
    return Cost(spent, resident)


def _short(words: list[str]) -> str:
    roles = [word for word in words if word.startswith(("gateway-", "oauth", "admin")) or word in ("up", "edge")]
    return roles[0] if roles else Path(words[0]).name


def start(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a process that writes what it says to `log`."""
    with log.open("ab") as file:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and wait for it."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until_answers(ports: list[int], process: subprocess.Popen[bytes], log: Path, seconds: float = 60.0) -> None:
    """Return when all TCP ports of this machine take connections.

    Raises:
        RuntimeError: the process ended or took too long; with the end of what it said.
    """
    import socket  # noqa: PLC0415 - only here

    deadline = time.monotonic() + seconds
    waiting = list(ports)
    while waiting:
        try:
            socket.create_connection(("127.0.0.1", waiting[0]), 1).close()
            waiting.pop(0)
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"did not start; it said:\n{log.read_text()[-2000:]}") from None
            time.sleep(0.05)
