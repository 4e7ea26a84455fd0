"""The cookies of the pages: which browser it is, who is logged in, and who has logged in from it before.  RFC 6265bis §4.1.3.2."""

from typing import Final

from ringfence.message import Request
from ringfence.problem import Reason, Refused

BROWSER: Final = "__Host-ringfence-browser"
"""Names the browser, before and after login; forms are bound to it."""

SESSION: Final = "__Host-ringfence-session"
"""Names the customer's session; its value is made anew at each login."""

KNOWN: Final = "__Host-ringfence-known"
"""Shows that a customer has logged in from this browser before; opens nothing."""

_ATTRIBUTES: Final = "Path=/; Secure; HttpOnly; SameSite=Lax"


def read_cookie(request: Request, name: str) -> str:
    """Return a cookie's value, or an empty text.

    Raises:
        Refused: SESSION_INVALID where the cookie comes twice: somebody else has planted one.
    """
    found = [
        value.strip()
        for line in request.all_headers("cookie")
        for key, _, value in (pair.partition("=") for pair in line.split(";"))
        if key.strip() == name
    ]
    if len(found) > 1:
        raise Refused(Reason.SESSION_INVALID, private=f"cookie {name} came {len(found)} times")
    return found[0] if found else ""


def set_cookie(name: str, value: str, seconds: int | None = None) -> tuple[str, str]:
    """Return the header that keeps a cookie for so many seconds, or until the browser closes."""
    kept = "" if seconds is None else f"; Max-Age={seconds}"
    return ("set-cookie", f"{name}={value}; {_ATTRIBUTES}{kept}")


def drop_cookie(name: str) -> tuple[str, str]:
    """Return the header that removes a cookie."""
    return ("set-cookie", f"{name}=; {_ATTRIBUTES}; Max-Age=0")
