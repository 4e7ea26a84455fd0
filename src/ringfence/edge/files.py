"""A file replaced whole: written beside and renamed, so that a reader sees the old or the new one."""

import os
from pathlib import Path
from typing import Final

from ringfence.problem import Reason, Refused

PUBLIC_MODE: Final = 0o644


def replace_file(path: Path, content: bytes, mode: int = PUBLIC_MODE) -> Path:
    """Put `content` in the place of `path`, with exactly those permissions from its first byte, and return `path`."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    return path


def read_file(path: Path, where: str) -> bytes:
    """Return a file's bytes.  Raises Refused POLICY_INVALID with `where` in the policy the path stands."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(Reason.POLICY_INVALID, f"{where}: cannot read {path}: {error.strerror}") from error
