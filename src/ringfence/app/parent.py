"""No process of ours outlives the one that started it: the kernel ends it, by `prctl(2)`'s PR_SET_PDEATHSIG."""

import ctypes
import signal

_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None)


def end_with_parent() -> None:
    """Ask the kernel to send this process SIGTERM when its parent dies."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
