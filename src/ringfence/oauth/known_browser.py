"""Know a browser that the customer has logged in from, so that strangers' guesses cannot shut them out.  NIST SP 800-63B §3.2.2.

After a login the browser keeps a random value, sealed with the hash of the customer's password: a secret
that only we hold, that is another one for each customer, and that ends with the password.
"""

import hashlib
import hmac
import re
from typing import Final

from ringfence.ids import Random, new_token
from ringfence.message import Request
from ringfence.oauth.cookies import KNOWN, read_cookie, set_cookie
from ringfence.store.model import User

KNOWN_SECONDS: Final = 15_552_000
"""180 days after the last login the browser is a stranger again."""

_SEALED: Final = re.compile(r"([A-Za-z0-9_-]{43})\.([0-9a-f]{64})")


def remember(user: User, random: Random) -> tuple[str, str]:
    """Return the header by which the browser of a customer who has just logged in will be known."""
    value = new_token(random)
    return set_cookie(KNOWN, f"{value}.{_seal(value, user)}", KNOWN_SECONDS)


def recognise(request: Request, user: User | None) -> str:
    """Return what names this browser, or an empty text where this customer has not logged in from it.

    Raises:
        Refused: SESSION_INVALID where the cookie comes twice.
    """
    found = _SEALED.fullmatch(read_cookie(request, KNOWN))
    if found is None or user is None or not hmac.compare_digest(found[2], _seal(found[1], user)):
        return ""
    return found[1]


def _seal(value: str, user: User) -> str:
    sealed = f"known browser\n{user.user_id}\n{value}"
    return hmac.new(user.password_hash.encode(), sealed.encode(), hashlib.sha256).hexdigest()
