import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
from typer.testing import CliRunner

from ringfence.audit.note import COSIGNATURE, NoteKey
from ringfence.cli.main import app


def ran(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["witness", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_a_witness_has_a_key_that_stays(tmp_path: Path) -> None:
    first = ran("key", "--name", "witness.example/w1", "--state", str(tmp_path))
    assert NoteKey.parse(first).kind == COSIGNATURE
    assert ran("key", "--name", "witness.example/w1", "--state", str(tmp_path)) == first
    (tmp_path / "witness.pem").chmod(0o644)
    assert "by others" in ran("key", "--name", "w", "--state", str(tmp_path), code=1)


def test_what_it_needs_is_said(tmp_path: Path) -> None:
    assert "no witness in" in ran("evidence", "--state", str(tmp_path), code=1)
    assert "not a key" in ran("run", "--name", "w", "--log", "nonsense", "--state", str(tmp_path), code=1)


def test_it_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    key = ran("key", "--name", "log.example", "--state", str(tmp_path / "other")).strip()
    command = ["witness", "run", "--name", "w", "--log", key, "--state", str(tmp_path / "w"), "--port", str(port)]
    process = subprocess.Popen([sys.executable, "-m", "ringfence", *command], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while True:
        try:
            answer = httpx.post(f"http://127.0.0.1:{port}/add-checkpoint", content=b"nonsense")
            break
        except httpx.TransportError:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.1)
    assert answer.status_code == 400
    process.terminate()
    assert process.wait(20) == 0
    assert "Nothing speaks against them." in ran("evidence", "--state", str(tmp_path / "w"))
