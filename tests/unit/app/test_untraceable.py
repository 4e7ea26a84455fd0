import subprocess
import sys

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
