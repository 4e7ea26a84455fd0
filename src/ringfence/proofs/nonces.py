"""Nonces for DPoP proofs, made from a key and the time: nothing is stored for them.  RFC 9449 §8, §9, §11.2.

Every process that has the key agrees on the nonces of the moment. One set serves the authorization
server and the APIs: both are reached under one origin, for which a client keeps one nonce.
"""

import base64
import functools
import hashlib
import hmac
from typing import Final, Protocol

from ringfence.clock import Instant, Seconds

STEP_SECONDS: Final[Seconds] = 120.0
"""A new nonce begins this often. It is good for its own step and the next: for two to four minutes."""

KEY_BYTES: Final = 32
"""As long as the SHA-256 under it.  RFC 2104 §3."""

_NONCE_BYTES: Final = 16
"""128 bits: a nonce cannot be guessed before it is given out."""


class Nonces(Protocol):
    """Where the nonces of the moment come from."""

    def good(self, now: Instant) -> tuple[str, ...]:
        """Return the nonces taken now, the one to give out first.  Raises store.interface.Unavailable."""
        ...


class KeyedNonces:
    """Nonces under a key in memory."""

    def __init__(self, key: bytes) -> None:
        """Take the shared key, `KEY_BYTES` long."""
        self._key = key

    def good(self, now: Instant) -> tuple[str, ...]:
        """Return the nonces taken now, the one to give out first."""
        return nonces_of(self._key, int(now // STEP_SECONDS))


@functools.lru_cache(maxsize=4)
def nonces_of(key: bytes, step: int) -> tuple[str, ...]:
    """Return the nonces taken in a step: its own, the one before, and the next, which a clock ahead of ours gives out."""
    return tuple(_nonce(key, one) for one in (step, step - 1, step + 1))


def _nonce(key: bytes, step: int) -> str:
    digest = hmac.digest(key, f"dpop nonce {step}".encode("ascii"), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:_NONCE_BYTES]).decode("ascii").rstrip("=")
