"""A sink that is a file of lines: private, on the disk when a batch is taken, begun anew when it is full."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ringfence.app.export.sink import Away
from ringfence.clock import Seconds
from ringfence.export.line import Line
from ringfence.store.private_file import PRIVATE

TAIL: Final = 65_536
"""Looked at from the end at once, for the last whole line."""


class Files:
    """`Sink` that appends to a file.  A reader that follows renames, as shippers do, misses nothing."""

    most = 500
    settles_after: Seconds = 0.0

    def __init__(self, path: Path, max_bytes: int, keep: int) -> None:
        """Write to `path`; beyond `max_bytes` it becomes `.1`, and `keep` earlier ones stay."""
        self._path = path
        self._max = max_bytes
        self._keep = keep
        self._descriptor = -1
        self._lock = asyncio.Lock()

    async def send(self, lines: Sequence[Line]) -> int:
        """Write the lines and wait for the disk.  Raises Away."""
        data = "".join(f"{line.text}\n" for line in lines).encode()
        async with self._lock:
            try:
                await asyncio.to_thread(self._append, data)
            except OSError as error:
                self._shut()
                raise Away(f"{self._path}: {error.strerror}") from error
        return len(lines)

    def require_whole(self) -> None:
        """Return: what was written is on the disk."""

    async def close(self) -> None:
        """Close the file."""
        async with self._lock:
            self._shut()

    def _append(self, data: bytes) -> None:
        if self._descriptor >= 0 and not self._still_there():
            self._shut()
        if self._descriptor < 0:
            self._open()
        size = os.fstat(self._descriptor).st_size
        if size and size + len(data) > self._max:
            self._shut()
            self._rotate()
            self._open()
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        os.fsync(self._descriptor)

    def _still_there(self) -> bool:
        """Say whether the path still names our file: somebody else may rotate it."""
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._descriptor))
        except OSError:
            return False

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(self._path, flags, PRIVATE)
        os.fchmod(self._descriptor, PRIVATE)
        self._cut_torn_line()

    def _cut_torn_line(self) -> None:
        """Take away a last line that a death in the middle of writing left without an end: it is written again."""
        end = os.fstat(self._descriptor).st_size
        at = end
        while at:
            start = max(0, at - TAIL)
            found = os.pread(self._descriptor, at - start, start).rfind(b"\n")
            if found >= 0:
                at = start + found + 1
                break
            at = start
        if at != end:
            os.ftruncate(self._descriptor, at)

    def _rotate(self) -> None:
        numbered = [self._path.with_name(f"{self._path.name}.{n}") for n in range(1, self._keep + 1)]
        for older, newer in zip(reversed(numbered), [*reversed(numbered[:-1]), self._path], strict=True):
            if newer.exists():
                newer.replace(older)

    def _shut(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
