"""The key of DPoP nonces: a file that the authorization server makes and every gateway worker reads.  RFC 9449 §8."""

import os
from pathlib import Path
from typing import Final

import structlog

from ringfence.clock import Instant, Seconds, monotonic_seconds
from ringfence.ids import Random
from ringfence.proofs.nonces import KEY_BYTES, KeyedNonces
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.gateway")

LOOK_AGAIN_AFTER: Final[Seconds] = 1.0
"""The file is looked at no more often than this, and only while proofs need nonces."""

PRIVATE_MODE: Final = 0o600
"""Whoever reads the key can make nonces ahead of time."""


def ensure_nonce_key(path: Path, random: Random) -> bytes:
    """Return the key in the file, which is made where it is absent; processes may do this at the same time.

    Raises:
        Unavailable: the file cannot be made or read, or holds something else.
    """
    try:
        if not path.exists():
            _make(path, random)
        return _read(path)
    except OSError as error:
        raise Unavailable(f"nonce key: {error}") from error


class FileNonces:
    """Nonces under the key in a file, which may appear or change later."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        self._path = path
        self._known: KeyedNonces | None = None
        self._stamp: tuple[int, int] = (0, 0)
        self._looked = -LOOK_AGAIN_AFTER

    def good(self, now: Instant) -> tuple[str, ...]:
        """Return the nonces taken now, the one to give out first.

        Raises:
            Unavailable: no key has been there to be read.
        """
        if monotonic_seconds() - self._looked >= LOOK_AGAIN_AFTER:
            self._look()
        if self._known is None:
            raise Unavailable("there is no nonce key yet")
        return self._known.good(now)

    def _look(self) -> None:
        self._looked = monotonic_seconds()
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
            if stamp != self._stamp:
                self._known = KeyedNonces(_read(self._path))
                self._stamp = stamp
        except (OSError, Unavailable) as why:
            _log.error("nonce key not read: the one known stays in use", path=str(self._path), why=repr(why))


def _make(path: Path, random: Random) -> None:
    """Write the key beside its place and link it there, unless another process was quicker."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(random(KEY_BYTES))
            file.flush()
            os.fsync(descriptor)
        try:
            path.hardlink_to(beside)
        except FileExistsError:
            return
    finally:
        beside.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise Unavailable(f"nonce key: {path} does not hold {KEY_BYTES} bytes")
    return key
