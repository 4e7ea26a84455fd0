"""Tell a client who the customer is, for a bound token with scope openid.  OpenID Connect Core §5.3; RFC 9449 §7."""

from typing import Any, Final

from ringfence.oauth.answers import json_response
from ringfence.oauth.checks.scope import OPENID
from ringfence.oauth.exchange import Exchange, Outcome, Server
from ringfence.oauth.forms import read_pairs
from ringfence.oauth.possession import verify_fresh_proof
from ringfence.oauth.presented import live_access_token
from ringfence.problem import Reason, Refused
from ringfence.proofs.authorization import check_scheme, parse_authorization
from ringfence.proofs.dpop import check_binding
from ringfence.proofs.mtls import check_certificate

PROFILE: Final = "profile"
"""Asks for the name too.  OpenID Connect Core §5.4."""


async def tell_user(exchange: Exchange, server: Server) -> Outcome:
    """Return the customer's claims.

    Raises:
        Refused: a TOKEN_…, PROOF_… or CERTIFICATE_… reason, SCHEME_MISMATCH, SCOPE_MISSING or USER_REQUIRED.
    """
    request = exchange.request
    if "access_token" in read_pairs(request.query):
        raise Refused(Reason.TOKEN_IN_QUERY, "send it in the Authorization header")
    credentials = parse_authorization(request.all_headers("authorization"))
    token = await live_access_token(credentials.token, server, exchange.now)
    check_scheme(credentials, token)
    check_certificate(token, request.peer)
    if token.jkt:
        check_binding(await verify_fresh_proof(exchange, server, (token, credentials.token)), token)
    if OPENID not in token.scopes:
        raise Refused(Reason.SCOPE_MISSING, OPENID)
    user = await server.ports.records.user(token.user_id) if token.user_id else None
    if user is None or user.status != "active":
        raise Refused(Reason.USER_REQUIRED)
    body: dict[str, Any] = {"sub": user.user_id}
    if PROFILE in token.scopes:
        body |= {"name": user.name or user.username, "preferred_username": user.username}
    return Outcome(json_response(body))
