"""Files that only their owner reads."""

import os
import threading
from pathlib import Path
from typing import Final

PRIVATE: Final = 0o600


def create_private(path: str) -> None:
    """Create the file `path` with mode 0600 where it is absent; SQLite gives its side files the same mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE))


def write_once(path: Path, content: bytes) -> None:
    """Put `content` in the place of `path`, whole or not at all, and never over something that is there.

    Raises:
        FileExistsError: something is there; of several who write at once, one succeeds.
        OSError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        path.hardlink_to(beside)
    finally:
        beside.unlink()
