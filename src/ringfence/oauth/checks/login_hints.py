"""Take exactly one hint of whom a request without a redirect is about.  OpenID CIBA Core §7.1."""

from typing import Final

from ringfence.oauth.forms import Form
from ringfence.problem import Reason, Refused

HINTS: Final = ("login_hint", "login_hint_token", "id_token_hint")

LONGEST_NAME: Final = 256
"""Of a `login_hint`, in characters: as of a login name."""


def require_one_hint(parameters: Form) -> tuple[str, str]:
    """Return the name and the value of the hint.  Raises Refused OAUTH_REQUEST for none, two, or one too long."""
    given = [name for name in HINTS if name in parameters]
    if len(given) != 1:
        raise Refused(Reason.OAUTH_REQUEST, f"send exactly one of {', '.join(HINTS)}")
    name, value = given[0], parameters[given[0]].strip()
    if not value or (name == "login_hint" and len(value) > LONGEST_NAME):
        raise Refused(Reason.OAUTH_REQUEST, f"{name} is empty or longer than {LONGEST_NAME} characters")
    return name, value
