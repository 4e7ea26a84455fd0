"""Send requests over TLS as fast as they are answered, and report what happened: wrk, or a client of our own.

wrk is the yardstick that people know; it has no client certificates. Where those are needed, and where wrk is
not installed, `python -m bench.load` sends instead, from a process of its own: its cost is nobody's row.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

CONNECTIONS = 16
SCRIPT = Path(__file__).with_name("wrk.lua")


class Load(msgspec.Struct, frozen=True):
    """What one run brought."""

    calls: int
    us: int
    """How long it took, in µs."""
    refused: int
    """Answers with a status of 400 or more."""
    broken: int
    """Connections that failed, and answers that did not come."""
    p50_us: float
    p99_us: float


class Target(msgspec.Struct, frozen=True):
    """Where to send, and with which certificate."""

    port: int
    certificate: Path | None = None
    key: Path | None = None


def keep(requests: Iterable[bytes], path: Path) -> None:
    """Write requests to a file as the generators read it: each is a length in ten digits and the bytes."""
    with path.open("wb") as file:
        for request in requests:
            file.write(b"%010d" % len(request) + request)


def send(target: Target, requests: Path, seconds: float) -> Load:
    """Send the requests of a file in turn for some seconds, over and over where they do not suffice.

    Raises:
        RuntimeError: the generator failed; with what it said.
    """
    command = _command(target, str(requests), seconds)
    ran = subprocess.run(command, capture_output=True, check=False, timeout=seconds + 60)
    lines = ran.stdout.decode().strip().splitlines()
    if ran.returncode or not lines:
        raise RuntimeError(f"the load generator failed: {ran.stderr.decode()[-1000:]}{ran.stdout.decode()[-1000:]}")
    return msgspec.json.decode(lines[-1], type=Load)


def _command(target: Target, file: str, seconds: float) -> list[str]:
    wrk = shutil.which("wrk")
    if wrk and target.certificate is None:
        options = ["-t", "1", "-c", str(CONNECTIONS), "-d", f"{max(1, round(seconds))}s", "-s", str(SCRIPT)]
        return [wrk, *options, f"https://127.0.0.1:{target.port}", "--", file]
    pair = [str(target.certificate), str(target.key)] if target.certificate else []
    return [sys.executable, "-m", "bench.client", str(target.port), file, str(seconds), *pair]
