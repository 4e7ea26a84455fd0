"""A file of public keys that the signer writes, followed by who reads it.  RFC 7517 §5."""

from pathlib import Path
from typing import Any

import msgspec
import structlog

_log = structlog.get_logger("ringfence.keys")


class JwksFile:
    """Returns what stands in the file now."""

    def __init__(self, path: Path) -> None:
        """Take the file, which need not be there yet."""
        self._path = path
        self._stamp: tuple[int, int] = (0, 0)
        self._jwks: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        """Return the JWK set, read anew when the file has changed; the one known stays when it cannot be read; empty before."""
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
            if stamp != self._stamp:
                self._jwks = msgspec.json.decode(self._path.read_bytes(), type=dict[str, Any])
                self._stamp = stamp
        except (OSError, msgspec.DecodeError) as why:
            if self._jwks:
                _log.error("public keys not read: the ones known stay", path=str(self._path), why=repr(why))
        return self._jwks
