"""Files that only their owner reads."""

import os
from typing import Final

PRIVATE: Final = 0o600


def create_private(path: str) -> None:
    """Create the file `path` with mode 0600 where it is absent; SQLite gives its side files the same mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE))
