"""What events call an object, such as an account: a hash of its identifiers under a key of the installation."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

import structlog

from ringfence.app.key_file import ensure_key
from ringfence.ids import Random
from ringfence.policy.places import Places
from ringfence.store.interface import Unavailable

KEY_BYTES: Final = 32
NAME_BYTES: Final = 8
"""Enough to tell a billion objects apart; detection counts them, and nothing is decided by one."""

_log = structlog.get_logger("ringfence.gateway")


class FileObjectNames:
    """Names objects by the key in a file, which is made when the first one is named."""

    def __init__(self, where: Places, random: Random) -> None:
        """Make nothing yet."""
        self._where = where
        self._random = random
        self._key: bytes | None = None

    def of(self, parameters: Mapping[str, str]) -> str:
        """Return the name of what a path's parameters name, 16 digits; empty where the path has none.

        Without the key there are no names, which is told once: calls go on.
        """
        if not parameters:
            return ""
        key = self._key
        if key is None:
            key = self._key = self._read()
        if not key:
            return ""
        named = "\0".join(parameters.values()).encode("utf-8", "surrogatepass")
        return blake2b(named, digest_size=NAME_BYTES, key=key).hexdigest()

    def _read(self) -> bytes:
        try:
            self._where.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
            return ensure_key(self._where.object_names_key, KEY_BYTES, self._random)
        except (OSError, Unavailable) as why:
            _log.warning("objects have no names in events", why=str(why))
            return b""
