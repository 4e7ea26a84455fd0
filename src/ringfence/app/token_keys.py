"""The issuer's public keys as the gateway sees them: a file that the signer writes.  RFC 7517 §5."""

import os
from pathlib import Path
from typing import Final

import msgspec
import structlog

from ringfence.problem import Refused
from ringfence.proofs.jwk import VerificationKey, parse_jwks

_log = structlog.get_logger("ringfence.gateway")

Stamp = tuple[int, int, int]

NO_KEYS: Final[dict[str, list[object]]] = {"keys": []}
"""What the signer writes while every key is withdrawn: no token is taken then."""


class FileTokenKeys:
    """Keys by `kid` from a JWKS file, which is looked at for every token: a withdrawn key is gone with the next call.

    That is one `stat` a call, about a microsecond; the file is read when it has changed.
    """

    def __init__(self, path: Path) -> None:
        """Read the file if it is there."""
        self._path = str(path)
        self._keys: dict[str, VerificationKey] = {}
        self._stamp: Stamp = (0, 0, 0)
        self._look()

    def key(self, kid: str) -> VerificationKey | None:
        """Return the key of that id, or None."""
        self._look()
        return self._keys.get(kid)

    def read_again(self) -> None:
        """Read the file now, whether it seems to have changed or not."""
        self._stamp = (0, 0, 0)
        self._look()

    def _look(self) -> None:
        """Read the file if it has changed; one that cannot be read leaves the known keys, and is told once."""
        try:
            stat = os.stat(self._path)  # noqa: PTH116 - on the way of every call, at half the cost
        except FileNotFoundError:
            return
        except OSError as why:
            _log.error("token keys not looked at: the ones known stay in use", path=self._path, why=repr(why))
            return
        stamp = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            document = msgspec.json.decode(Path(self._path).read_bytes())
            self._keys = {} if document == NO_KEYS else parse_jwks(document)
        except (OSError, msgspec.DecodeError, Refused) as why:
            _log.error("token keys not read: the ones known stay in use", path=self._path, why=repr(why))
