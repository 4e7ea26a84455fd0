"""Identifiers and unguessable values, made from a source of randomness that is passed in."""

import base64
import hashlib
import os
from collections.abc import Callable
from typing import NewType

CorrelationId = NewType("CorrelationId", str)
"""Names one call in every answer, event and log line: 26 characters of base32, lower case."""

Random = Callable[[int], bytes]
"""Returns that many unpredictable bytes."""

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_BASE32_PAIRS = tuple(high + low for high in _BASE32 for low in _BASE32)
"""Two characters of base32 for every ten bits: every call needs an id, and `base64.b32encode` takes more than twice as long."""

TOKEN_BYTES = 32
"""256 random bits, so that a plain SHA-256 of the value is safe to store (no salt needed)."""


def system_random(count: int) -> bytes:
    """Return `count` bytes from the operating system's generator."""
    return os.urandom(count)


def new_correlation_id(random: Random) -> CorrelationId:
    """Return a fresh correlation id: 128 random bits as lower-case base32 without padding."""
    bits = int.from_bytes(random(16), "big") << 2  # 130 bits, as base32 pads 128
    return CorrelationId("".join([_BASE32_PAIRS[bits >> at & 1023] for at in range(120, -1, -10)]))


def new_id(kind: str, random: Random) -> str:
    """Return a readable identifier, `<kind>_<26 characters>`, for example `grant_mf3k…`."""
    return f"{kind}_{new_correlation_id(random)}"


def new_token(random: Random) -> str:
    """Return an unguessable value of 256 bits as 43 characters of base64url."""
    return base64.urlsafe_b64encode(random(TOKEN_BYTES)).decode("ascii").rstrip("=")


def token_hash(value: str) -> str:
    """Return the SHA-256 of an unguessable value in hex: the only form in which it is stored."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
