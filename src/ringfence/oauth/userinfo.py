"""Tell a client who the customer is, for a bound token with scope openid.  OpenID Connect Core §5.3; RFC 9449 §7."""

from typing import Any, Final

from ringfence.oauth.answers import json_response
from ringfence.oauth.checks.scope import OPENID
from ringfence.oauth.exchange import Exchange, Outcome, Server
from ringfence.oauth.protected import present_token
from ringfence.problem import Reason, Refused

PROFILE: Final = "profile"
"""Asks for the name too.  OpenID Connect Core §5.4."""


async def tell_user(exchange: Exchange, server: Server) -> Outcome:
    """Return the customer's claims.

    Raises:
        Refused: a TOKEN_…, PROOF_… or CERTIFICATE_… reason, SCHEME_MISMATCH, SCOPE_MISSING or USER_REQUIRED.
    """
    token = await present_token(exchange, server, OPENID)
    user = await server.ports.records.user(token.user_id) if token.user_id else None
    if user is None or user.status != "active":
        raise Refused(Reason.USER_REQUIRED)
    # as the token has it, and so the ID token (OpenID Connect Core §5.3.2)
    body: dict[str, Any] = {"sub": token.subject}
    if PROFILE in token.scopes:
        body |= {"name": user.name or user.username, "preferred_username": user.username}
    return Outcome(json_response(body))
