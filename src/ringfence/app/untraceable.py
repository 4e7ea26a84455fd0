"""Keep this process's memory to itself: no core dump, no debugger, no reading through /proc: see prctl(2) and getrlimit(2)."""

import ctypes
import resource
from typing import Final

_PR_GET_DUMPABLE: Final = 3
_PR_SET_DUMPABLE: Final = 4

_libc = ctypes.CDLL(None, use_errno=True)


def hide_memory() -> None:
    """Ask the kernel for it.  Raises OSError: a process that holds keys does not start without."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 or _libc.prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the memory of this process cannot be closed to others")
