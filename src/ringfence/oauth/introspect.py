"""Tell a resource server or the token's own client what a token is worth.  RFC 7662; RFC 9701."""

from typing import Any, Final

from ringfence.message import Response
from ringfence.oauth.checks.introspection_right import require_concern
from ringfence.oauth.consents import live_grant
from ringfence.oauth.exchange import Exchange, Outcome, Server, settled
from ringfence.oauth.presented import known_refresh_token, live_access_token
from ringfence.oauth.signed_introspection import introspection_answer
from ringfence.oauth.tokens import acting, subject_of
from ringfence.problem import Reason, Refused

_INACTIVE: Final[dict[str, Any]] = {"active": False}
"""RFC 7662 §2.2: nothing about why."""

_WORTHLESS: Final = (
    Reason.TOKEN_MALFORMED,
    Reason.TOKEN_ALGORITHM,
    Reason.TOKEN_SIGNATURE,
    Reason.TOKEN_EXPIRED,
    Reason.TOKEN_NOT_YET_VALID,
    Reason.TOKEN_ISSUER,
    Reason.TOKEN_AUDIENCE,
    Reason.TOKEN_REVOKED,
    Reason.TOKEN_NOT_BOUND,
    Reason.GRANT_INVALID,
    Reason.CLIENT_UNAUTHORIZED,
)
"""Reasons for which a token is inactive; any other refusal is one of the request."""


async def introspect(exchange: Exchange, server: Server) -> Outcome:
    """Return the token's state.  Raises Refused OAUTH_REQUEST without a token."""
    raw = exchange.parameters.get("token", "")
    if not raw:
        raise Refused(Reason.OAUTH_REQUEST, "token is missing")
    try:
        # `token_type_hint` is not needed: an access token of ours is a JWT, a refresh token is not
        body = await (_access(raw, exchange, server) if "." in raw else _refresh(raw, exchange, server))
    except Refused as refused:
        if refused.reason not in _WORTHLESS:
            raise
        return Outcome(await _answer(_INACTIVE, exchange, server))
    answer = await _answer(body, exchange, server)
    user = "" if body["sub"] == body["client_id"] else server.ports.subjects.user_of(body["sub"])
    return Outcome(answer, body["grant_id"], user=user)


async def _answer(body: dict[str, Any], exchange: Exchange, server: Server) -> Response:
    return await introspection_answer(body, exchange.request, settled(exchange.client).client_id, server, exchange.now)


async def _access(raw: str, exchange: Exchange, server: Server) -> dict[str, Any]:
    token = await live_access_token(raw, server, exchange.now)
    require_concern(settled(exchange.client), token.client_id, access=True)
    body: dict[str, Any] = {
        "active": True,
        "iss": server.profile.issuer,
        "aud": server.profile.audience,
        "sub": token.subject,
        "client_id": token.client_id,
        "scope": " ".join(sorted(token.scopes)),
        "iat": int(token.issued_at),
        "exp": int(token.expires_at),
        "jti": token.jti,
        "grant_id": token.grant_id,
        "token_type": "DPoP" if token.jkt else "Bearer",
        "cnf": {"jkt": token.jkt} if token.jkt else {"x5t#S256": token.x5t_s256},
    }
    if token.authorization_details:
        body["authorization_details"] = token.authorization_details
    if token.actors:
        body["act"] = acting(token.actors)
    if token.auth_time is not None:
        body |= {"auth_time": int(token.auth_time), "acr": token.acr}
    return body


async def _refresh(raw: str, exchange: Exchange, server: Server) -> dict[str, Any]:
    kept = await known_refresh_token(raw, server)
    if kept is None or kept.revoked_at is not None or exchange.now >= kept.expires_at:
        raise Refused(Reason.GRANT_INVALID)
    require_concern(settled(exchange.client), kept.client_id, access=False)
    grant = await live_grant(kept.grant_id, server, exchange.now)
    return {
        "active": True,
        "iss": server.profile.issuer,
        "sub": subject_of(settled(exchange.client), kept.user_id, server),
        "client_id": kept.client_id,
        "scope": " ".join(kept.scopes),
        "iat": int(kept.created_at),
        "exp": int(kept.expires_at),
        "grant_id": kept.grant_id,
    } | ({"authorization_details": grant.authorization_details} if grant.authorization_details else {})
