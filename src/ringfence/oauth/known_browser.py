"""Know a browser that the customer has logged in from, so that strangers' guesses cannot shut them out.  NIST SP 800-63B §3.2.2.

After a login the browser keeps a random value, sealed with the hash of the customer's password: a secret
that only we hold, that is another one for each customer, and that ends with the password.
"""

import hashlib
import hmac
import re
from typing import Final

from ringfence.clock import Instant
from ringfence.ids import Random, new_token
from ringfence.message import Request
from ringfence.oauth.cookies import KNOWN, read_cookie, set_cookie
from ringfence.store.model import User

KNOWN_SECONDS: Final = 15_552_000
"""180 days after the last login the browser is a stranger again."""

_SEALED: Final = re.compile(r"([A-Za-z0-9_-]{43}\.([0-9]{1,12}))\.([0-9a-f]{64})")


def remember(user: User, random: Random, since: Instant) -> tuple[str, str]:
    """Return the header by which the browser of a customer who has just logged in will be known.

    Args:
        user: the customer.
        random: where its value comes from.
        since: when this customer first logged in from it.
    """
    value = f"{new_token(random)}.{int(since)}"
    return set_cookie(KNOWN, f"{value}.{_seal(value, user)}", KNOWN_SECONDS)


def recognise(request: Request, user: User | None) -> str:
    """Return what names this browser, or an empty text where this customer has not logged in from it.

    Raises:
        Refused: SESSION_INVALID where the cookie comes twice.
    """
    found = _known(request, user)
    return found[1] if found else ""


def known_since(request: Request, user: User | None) -> Instant | None:
    """Return when this customer first logged in from this browser, None where that never was.

    Raises:
        Refused: SESSION_INVALID where the cookie comes twice.
    """
    found = _known(request, user)
    return Instant(float(found[2])) if found else None


def _known(request: Request, user: User | None) -> re.Match[str] | None:
    found = _SEALED.fullmatch(read_cookie(request, KNOWN))
    if found is None or user is None or not hmac.compare_digest(found[3], _seal(found[1], user)):
        return None
    return found


def _seal(value: str, user: User) -> str:
    sealed = f"known browser\n{user.user_id}\n{value}"
    return hmac.new(user.password_hash.encode(), sealed.encode(), hashlib.sha256).hexdigest()
