"""Give `state` and `nonce` back as they came, or refuse them; never cut them.  RFC 6749 §4.1.2; OpenID Connect Core §3.1.2.1."""

from typing import Final

from ringfence.oauth.forms import Form
from ringfence.problem import Reason, Refused

MAX_ECHOED: Final = 2048
"""Twice the longest that the conformance suite sends; more would not fit every browser's URL."""


def require_echoable(parameters: Form, name: str) -> str:
    """Return a parameter that is sent back to the client, or an empty text.  Raises Refused OAUTH_REQUEST."""
    value = parameters.get(name, "")
    if len(value) > MAX_ECHOED:
        raise Refused(Reason.OAUTH_REQUEST, f"{name} is longer than {MAX_ECHOED} characters")
    return value
