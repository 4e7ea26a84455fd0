"""Notice that the policy file or a document of it has changed, by looking at both now and then."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from ringfence.clock import Seconds

LOOK_EVERY: Final[Seconds] = 0.5
"""Between two looks: a handful of `stat` calls, soon enough for a person who saves a file."""

Stamp = tuple[tuple[int, int, int], ...]


def stamp(files: Sequence[Path]) -> Stamp:
    """Return what changes when one of the files changes; a missing file counts as zeros."""
    found: list[tuple[int, int, int]] = []
    for file in files:
        try:
            stat = file.stat()
            found.append((stat.st_mtime_ns, stat.st_size, stat.st_ino))
        except OSError:
            found.append((0, 0, 0))
    return tuple(found)


async def on_change(files: Callable[[], Sequence[Path]], act: Callable[[], Awaitable[None]]) -> None:
    """Call `act` each time the files have changed and then stayed the same for one look."""
    seen = stamp(files())
    pending: Stamp | None = None
    while True:
        await asyncio.sleep(LOOK_EVERY)
        found = stamp(files())
        if found == seen:
            pending = None
        elif found != pending:
            pending = found  # still being written, perhaps
        else:
            seen, pending = found, None  # before acting: what changes meanwhile is another change
            await act()
