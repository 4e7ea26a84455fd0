"""A file of event lines that outlives its process: one system call a line, space reserved ahead.

What has been written stands in the page cache, so it survives the death of the process that wrote it. The
file is extended with zeros before they are needed, so that a disk that fills up is noticed before a call is
forwarded and not when its event has to be kept. Lines end at the first zero; a last line without its line
feed was torn off and was never acknowledged.

A process holds a lock on each journal that it writes or ships. A journal without a lock belongs to nobody:
its process has died, and whoever finds it ships it.
"""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Final

from ringfence.ids import Random, new_correlation_id
from ringfence.store.flushing import Flushing
from ringfence.store.interface import Unavailable

SUFFIX: Final = ".journal"

RESERVE_BYTES: Final = 1 << 20
"""How far the file is extended at once."""

UNKNOWN: Final = -1

AHEAD_BYTES: Final = 1 << 19
"""Room that `ready` demands: a thousand calls under way, each with an event of half a kilobyte."""


class Journal:
    """One journal file under this process's lock."""

    def __init__(self, path: Path, descriptor: int) -> None:
        """Take over an open and locked file; use `create` or `adopt`."""
        self.path = path
        self._descriptor = descriptor
        self.size = 0
        self.flushing = Flushing(descriptor)
        self.ended = False
        """Whether the last line that was shipped says that the journal has ended."""
        self.shipped = UNKNOWN
        """How far the stream has it, in bytes; `UNKNOWN` until the stream has been asked."""
        self._reserved = os.fstat(descriptor).st_size

    @property
    def name(self) -> str:
        """What the stream knows this journal by."""
        return self.path.name

    @classmethod
    def create(cls, directory: Path, role: str, random: Random) -> "Journal":
        """Create a journal that sorts after the role's earlier ones.  Raises Unavailable."""
        number = 1 + max((_number(path) for path in directory.glob(f"{role}-*{SUFFIX}")), default=0)
        path = directory / f"{role}-{number:08d}-{new_correlation_id(random)}{SUFFIX}"
        hidden = path.with_suffix(".new")  # nobody must find it before it is locked
        try:
            descriptor = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unavailable(f"event journal: {error}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
            hidden.rename(path)
        except OSError as error:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                hidden.unlink()
            raise Unavailable(f"event journal: {error}") from error
        journal = cls(path, descriptor)
        journal.shipped = 0
        return journal

    @classmethod
    def adopt(cls, directory: Path) -> "list[Journal]":
        """Return the journals that belong to nobody, locked now, the oldest of each role first.

        Raises:
            Unavailable: the directory cannot be read.
        """
        found: list[Journal] = []
        try:
            for path in sorted(directory.glob(f"*{SUFFIX}")):
                found.extend(cls._lock(path))
        except OSError as error:
            for journal in found:
                journal.close()
            raise Unavailable(f"event journal: {error}") from error
        return found

    @classmethod
    def _lock(cls, path: Path) -> "list[Journal]":
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return []
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return []
        if os.fstat(descriptor).st_nlink == 0:  # shipped and removed between our two looks
            os.close(descriptor)
            return []
        journal = cls(path, descriptor)
        journal.size = journal._reserved
        return [journal]

    def reserve(self, count: int = AHEAD_BYTES) -> None:
        """Return if `count` further bytes are sure to fit.  Raises Unavailable."""
        if self.size + count <= self._reserved:
            return
        try:
            os.posix_fallocate(self._descriptor, self._reserved, max(RESERVE_BYTES, count))
        except OSError as error:
            raise Unavailable(f"event journal: {error}") from error
        self._reserved += max(RESERVE_BYTES, count)

    def append(self, line: bytes) -> None:
        """Write one line that ends with a line feed, wholly or not at all.  Raises Unavailable."""
        if self.size + len(line) > self._reserved:
            self.reserve(len(line))
        try:
            written = os.pwrite(self._descriptor, line, self.size)
        except OSError as error:
            raise Unavailable(f"event journal: {error}") from error
        if written != len(line):
            # The next line goes over it; a reader sees a torn line until then, which counts for nothing.
            raise Unavailable("event journal: a line could not be written whole")
        self.size += written

    def lines(self, limit_bytes: int) -> tuple[list[bytes], int]:
        """Return whole lines that have not been shipped, without line feeds, and where the next one begins.

        Raises:
            Unavailable: the file cannot be read.
        """
        data = b""
        while b"\n" not in data and len(data) < self.size - self.shipped:
            count = min(limit_bytes, self.size - self.shipped)
            try:
                data = os.pread(self._descriptor, count, self.shipped)
            except OSError as error:
                raise Unavailable(f"event journal: {error}") from error
            if len(data) < count or b"\0" in data:
                break
            limit_bytes *= 2  # a line longer than the batch goes alone
        zero = data.find(b"\0")
        if zero >= 0:
            data = data[:zero]
        end = data.rfind(b"\n") + 1
        return [line for line in data[:end].split(b"\n") if line], self.shipped + end

    @property
    def waiting(self) -> int:
        """Bytes that the stream may not have yet; for an adopted journal, its reserve counts too."""
        return self.size - max(self.shipped, 0)

    def remove(self) -> None:
        """Delete the file, whose lines are all elsewhere now, and let go of it."""
        with contextlib.suppress(OSError):
            self.path.unlink()
        self.close()

    def close(self) -> None:
        """Let go of the file; what is in it stays for whoever adopts it."""
        os.close(self._descriptor)


def _number(path: Path) -> int:
    part = path.name.split("-")[-2]
    return int(part) if part.isdigit() else 0
