import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import ctypes, resource
from ringfence.app.untraceable import hide_memory
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
before = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
hide_memory()
print(before, ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))
"""


def test_no_core_dump_and_no_debugger() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=2) == ["1", "0", "(0, 0)\n"]


DIES = """
import os, resource, signal, sys
from ringfence.app.untraceable import hide_memory
held = bytes.fromhex(sys.argv[1])
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
if sys.argv[2] == "hidden":
    hide_memory()
os.kill(os.getpid(), signal.SIGSEGV)
"""


def test_a_process_that_crashes_leaves_no_core_with_its_keys(tmp_path: Path) -> None:
    """Beside a process that does not ask for it, and whose core holds the key."""
    secret = "5ec2e7" * 11
    cores = {}
    for kind in ("plain", "hidden"):
        where = tmp_path / kind
        where.mkdir()
        died = subprocess.run([sys.executable, "-c", DIES, secret, kind], cwd=where, capture_output=True, check=False)
        assert died.returncode == -signal.SIGSEGV
        cores[kind] = [path.read_bytes() for path in where.iterdir()]
    if not cores["plain"] and (
        resource.getrlimit(resource.RLIMIT_CORE)[1] == 0
        or Path("/proc/sys/kernel/core_pattern").read_text() != "core\n"
    ):
        pytest.skip("this machine writes no core beside a process")
    assert any(bytes.fromhex(secret) in core for core in cores["plain"])
    assert cores["hidden"] == []
