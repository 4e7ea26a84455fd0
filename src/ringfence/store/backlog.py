"""How much waits in the journals of all roles, seen from outside: nothing is locked and nothing is read but single bytes."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from ringfence.store.journal import SUFFIX


async def backlog(directory: Path, shipped: Callable[[str], Awaitable[int]]) -> int:
    """Return the bytes of events that the stream does not have yet.

    Args:
        directory: where the journals lie.
        shipped: returns how far the stream has a journal, in bytes; raises Unavailable.
    """
    waiting = 0
    for path in sorted(directory.glob(f"*{SUFFIX}")):  # noqa: ASYNC240 - a handful of names
        waiting += max(0, written(path) - await shipped(path.name))
    return waiting


def written(path: Path) -> int:
    """Return how many bytes of events a journal holds: those before its first zero; 0 where it is gone by now."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        low, high = 0, os.fstat(descriptor).st_size
        while low < high:  # lines stand at the front, zeros behind them
            middle = (low + high) // 2
            if os.pread(descriptor, 1, middle) in (b"", b"\0"):
                high = middle
            else:
                low = middle + 1
        return low
    except OSError:
        return 0
    finally:
        os.close(descriptor)
