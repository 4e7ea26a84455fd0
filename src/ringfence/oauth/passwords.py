"""Customers' passwords: Argon2id, away from the event loop.  RFC 9106."""

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ringfence.problem import Reason, Refused

MAX_PASSWORD_BYTES: Final = 1024
"""Longer input is not a password; it would only cost us."""

_AT_ONCE: Final = 2
"""Verifications that run together: each holds 64 MiB."""

_MAX_WAITING: Final = 64
"""Attempts that may wait for their turn: at about 60 ms each, the last one waits about 2 s."""

_hasher = PasswordHasher()
"""RFC 9106 §4, second recommendation: 64 MiB, 3 passes, 4 lanes."""


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password in PHC form.  Takes about 60 ms.

    Raises:
        ValueError: it is empty or longer than 1024 bytes.
    """
    if not 0 < len(password.encode("utf-8", "surrogatepass")) <= MAX_PASSWORD_BYTES:
        raise ValueError(f"a password has 1 to {MAX_PASSWORD_BYTES} bytes")
    return _hasher.hash(password.encode("utf-8", "surrogatepass"))


class Argon2Passwords:
    """Verifies passwords in threads, a few at a time; satisfies `oauth.ports.Passwords`."""

    def __init__(self) -> None:
        """Prepare the hash that stands in for users who do not exist."""
        self._nobody = _hasher.hash(b"nobody has this password")
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def verify(self, stored: str, presented: str) -> None:
        """Return if the password is right.  Raises Refused LOGIN_FAILED or OVERLOADED."""
        password = presented.encode("utf-8", "surrogatepass")
        if not 0 < len(password) <= MAX_PASSWORD_BYTES:
            raise Refused(Reason.LOGIN_FAILED)
        if self._waiting >= _MAX_WAITING:
            raise Refused(Reason.OVERLOADED, "try again in a moment")
        self._waiting += 1
        try:
            async with self._turn:
                right = await asyncio.to_thread(_is_right, stored or self._nobody, password)
        finally:
            self._waiting -= 1
        if not (right and stored):
            raise Refused(Reason.LOGIN_FAILED)


def _is_right(stored: str, password: bytes) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
