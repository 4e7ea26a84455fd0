"""A secret key in a file of its own, made at the first start."""

import os
from pathlib import Path
from typing import Final

from ringfence.ids import Random
from ringfence.store.interface import Unavailable

PRIVATE_MODE: Final = 0o600


def ensure_key(path: Path, size: int, random: Random) -> bytes:
    """Return the key in the file, which is made where it is absent; processes may do this at the same time.

    Args:
        path: in a directory that is there.
        size: in bytes.
        random: where a new key comes from.

    Raises:
        Unavailable: the file cannot be made or read, or holds something else.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if not path.exists():
            beside.unlink(missing_ok=True)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_MODE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(random(size))
                file.flush()
                os.fsync(descriptor)
            try:
                path.hardlink_to(beside)
            except FileExistsError:
                pass  # another process was quicker: its key counts
            finally:
                beside.unlink()
        key = path.read_bytes()
    except OSError as error:
        raise Unavailable(f"key {path}: {error}") from error
    if len(key) != size:
        raise Unavailable(f"key {path}: it does not hold {size} bytes")
    return key
