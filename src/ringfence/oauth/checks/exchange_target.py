"""Take a token exchange for the one API that there is, from an access token to an access token.  RFC 8693 §2.1; RFC 8707 §2."""

from typing import Final

from ringfence.oauth.forms import Form
from ringfence.problem import Reason, Refused

ACCESS_TOKEN_TYPE: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name
"""RFC 8693 §3."""


def require_target(parameters: Form, audience: str) -> str:
    """Return the subject token, if types and target are ones that are served.

    Args:
        parameters: of the token request.
        audience: the `aud` of our access tokens.

    Raises:
        Refused: OAUTH_REQUEST, TARGET_INVALID.
    """
    subject = parameters.get("subject_token", "")
    if not subject or parameters.get("subject_token_type") != ACCESS_TOKEN_TYPE:
        raise Refused(Reason.OAUTH_REQUEST, f"send subject_token, with the subject_token_type {ACCESS_TOKEN_TYPE}")
    if "actor_token" in parameters or "actor_token_type" in parameters:
        raise Refused(Reason.OAUTH_REQUEST, "the actor is the client that authenticates: send no actor_token")
    if parameters.get("requested_token_type", ACCESS_TOKEN_TYPE) != ACCESS_TOKEN_TYPE:
        raise Refused(Reason.OAUTH_REQUEST, f"only {ACCESS_TOKEN_TYPE} is given")
    for name in ("audience", "resource"):
        if parameters.get(name, audience) != audience:
            raise Refused(Reason.TARGET_INVALID, f"{name} is {audience}, or left out")
    return subject
