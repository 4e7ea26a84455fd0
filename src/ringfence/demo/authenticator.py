"""A customer's authenticator app: a new code each time that it is asked.  RFC 6238 §4.2, §5.2."""

import base64
import time
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from ringfence.clock import Clock

STEP_SECONDS: Final = 30
DIGITS: Final = 6
DRIFT: Final = 1
"""Steps before and after the present whose codes servers take: three codes can be had without waiting."""


class Authenticator:
    """Shows codes of one secret, each of them once."""

    def __init__(self, secret: str, clock: Clock) -> None:
        """Take the secret as the page shows it, base32."""
        self._hotp: Final = HOTP(base64.b32decode(secret), DIGITS, SHA1())  # noqa: S303 - within HMAC, RFC 6238 §1.2
        self._clock: Final = clock
        self._last = 0

    def code(self) -> str:
        """Return a code that has not been shown yet; waits where the server would not take the next one already."""
        step = max(self._last + 1, self._present() - DRIFT)
        while step > self._present() + DRIFT:
            time.sleep(self._until_next())
        self._last = step
        return self._hotp.generate(step).decode()

    def _present(self) -> int:
        return int(self._clock() // STEP_SECONDS)

    def _until_next(self) -> float:
        return STEP_SECONDS - self._clock() % STEP_SECONDS
