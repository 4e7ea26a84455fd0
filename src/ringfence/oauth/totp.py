"""One-time codes of an authenticator.  RFC 6238; RFC 4226."""

import base64
import hmac
import re
from typing import Final
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from ringfence.clock import Instant, Seconds
from ringfence.ids import Random
from ringfence.problem import Reason, Refused

SECRET_BYTES: Final = 20
"""RFC 4226 §4, R6: 160 bits."""

DIGITS: Final = 6
STEP: Final[Seconds] = 30.0
"""RFC 6238 §5.2. These two, and SHA-1, are all that common authenticators know; SHA-1 is sound within HMAC."""

DRIFT_STEPS: Final = 1
"""RFC 6238 §5.2: a clock that is off, and a customer who types slowly, cost one step each way."""

CODE: Final = re.compile(r"[0-9]{6}")
_SECRET: Final = re.compile(r"[A-Z2-7]{32}")


def new_secret(random: Random) -> bytes:
    """Return a fresh secret."""
    return random(SECRET_BYTES)


def written(secret: bytes) -> str:
    """Return the secret as customers type it: base32."""
    return base64.b32encode(secret).decode("ascii")


def read_secret(text: str) -> bytes:
    """Return the secret that was written.  Raises Refused OAUTH_REQUEST."""
    if not _SECRET.fullmatch(text):
        raise Refused(Reason.OAUTH_REQUEST, "the secret is not the one of the page")
    return base64.b32decode(text)


def key_uri(secret: bytes, account: str, issuer: str) -> str:
    """Return the `otpauth:` URI that authenticators read."""
    label = quote(f"{issuer}:{account}", safe="")
    query = {"secret": written(secret), "issuer": issuer, "digits": DIGITS, "period": int(STEP)}
    return f"otpauth://totp/{label}?{urlencode(query, quote_via=quote)}"


def step_of(code: str, secret: bytes, now: Instant) -> int:
    """Return the time step that a code is of; whether it was used before is for the records to say.

    Raises:
        Refused: SECOND_FACTOR.
    """
    present = int(now // STEP)
    hotp = HOTP(secret, DIGITS, SHA1())  # noqa: S303 - within HMAC, as RFC 6238 §1.2 has it
    found = None
    for step in range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1):
        if hmac.compare_digest(hotp.generate(step), code.encode("ascii", "replace")):
            found = step
    if found is None:
        raise Refused(Reason.SECOND_FACTOR, "the code is not right")
    return found
