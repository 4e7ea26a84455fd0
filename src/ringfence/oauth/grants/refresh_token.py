"""Give a new access token for a refresh token, which stays the same.  RFC 6749 §6; OpenID Connect Core §12.2; FAPI 2.0 SP §5.3.2.1-9.

The refresh token of a client that authenticates is bound to that client, not to a DPoP key
(RFC 9449 §5): the new access token takes the key that this request proves.
"""

from typing import Final

from ringfence.clock import Instant
from ringfence.ids import token_hash
from ringfence.oauth.checks.authorization_details import narrow_details
from ringfence.oauth.checks.scope import OPENID, narrow_scopes, still_registered
from ringfence.oauth.consents import live_grant
from ringfence.oauth.exchange import Exchange, Server, settled
from ringfence.oauth.grants.interface import GrantType, Issued
from ringfence.oauth.payments import consent_behind
from ringfence.oauth.superseding import supersedes_from
from ringfence.oauth.tokens import Granted, token_response
from ringfence.problem import Reason, Refused

USE_NOTED_EVERY: Final = 3_600.0
"""Customers see when a grant was last used, to about an hour; a note at each use would be a write at each."""


async def issue(exchange: Exchange, server: Server) -> Issued:
    """Return an access token for a refresh token that is this client's and whose grant is live.

    Raises:
        Refused: GRANT_INVALID, SCOPE_INVALID, DETAILS_INVALID or OAUTH_REQUEST.
    """
    client, now = settled(exchange.client), exchange.now
    presented = exchange.parameters.get("refresh_token", "")
    if not presented:
        raise Refused(Reason.OAUTH_REQUEST, "refresh_token is missing")
    kept = await server.ports.records.refresh_token(token_hash(presented))
    if kept is None or kept.client_id != client.client_id or kept.revoked_at is not None or now >= kept.expires_at:
        raise Refused(Reason.GRANT_INVALID)
    grant = await live_grant(kept.grant_id, server, now)
    details = narrow_details(exchange.parameters, grant.authorization_details)
    granted = Granted(
        client,
        grant.grant_id,
        kept.user_id,
        narrow_scopes(exchange.parameters, still_registered(kept.scopes, client.scopes)),
        exchange.binding,
        min(kept.expires_at, grant.expires_at),
        kept.authenticated_at,
        details,
        kept.acr,
        await consent_behind(details, grant.grant_id, server),
        kept.amr,
        await _live_session(kept.sid, server, now),
        dated=supersedes_from(kept.created_at),
    )
    # of the same login, and without its nonce, which belongs to one authorization request
    nonce = "" if OPENID in granted.scopes else None
    body = await token_response(granted, server, now, refresh=presented, id_token_nonce=nonce)
    if grant.used_at is None or now - grant.used_at > USE_NOTED_EVERY:
        await server.ports.records.note_use(grant.grant_id, now)
    return Issued(body, grant.grant_id, kept.user_id, granted.scopes)


async def _live_session(sid: str, server: Server, now: Instant) -> str:
    """Return the session's name while it lasts: the grant goes on without it, as the customer has allowed."""
    return sid if sid and await server.ports.records.session_by_sid(sid, now) else ""


REFRESH_TOKEN: Final = GrantType("refresh_token", issue)
