"""The issuer's public keys as the gateway sees them: a file that the authorization server writes.  RFC 7517 §5."""

from pathlib import Path
from typing import Final

import msgspec
import structlog

from ringfence.clock import Seconds, monotonic_seconds
from ringfence.problem import Refused
from ringfence.proofs.jwk import VerificationKey, parse_jwks

_log = structlog.get_logger("ringfence.gateway")

LOOK_AGAIN_AFTER: Final[Seconds] = 1.0
"""An unknown `kid` makes us look at the file again, at most once in this time: garbage costs no reads."""


class FileTokenKeys:
    """Keys by `kid` from a JWKS file; read again when an unknown `kid` comes up and the file has changed."""

    def __init__(self, path: Path) -> None:
        """Read the file if it is there."""
        self._path = path
        self._keys: dict[str, VerificationKey] = {}
        self._stamp: tuple[int, int] = (0, 0)
        self._looked = -LOOK_AGAIN_AFTER
        self._look()

    def key(self, kid: str) -> VerificationKey | None:
        """Return the key of that id, or None."""
        found = self._keys.get(kid)
        # Without a single key we have just started, perhaps before the authorization server: its first token counts.
        if found is None and (not self._keys or monotonic_seconds() - self._looked >= LOOK_AGAIN_AFTER):
            self._look()
            found = self._keys.get(kid)
        return found

    def read_again(self) -> None:
        """Read the file now, whether it seems to have changed or not."""
        self._stamp = (0, 0)
        self._look()

    def _look(self) -> None:
        self._looked = monotonic_seconds()
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
            if stamp == self._stamp:
                return
            self._keys = parse_jwks(msgspec.json.decode(self._path.read_bytes()))
            self._stamp = stamp
        except FileNotFoundError:
            return
        except (OSError, msgspec.DecodeError, Refused) as why:
            _log.error("token keys not read: the ones known stay in use", path=str(self._path), why=repr(why))
