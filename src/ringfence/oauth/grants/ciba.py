"""Give tokens for a request that the customer answered elsewhere, once; until then say how to wait.  OpenID CIBA Core §10.1, §11.

The tokens do not hang on the login in which the customer answered: who allows something on the telephone and
closes the page has not taken it back.
"""

from typing import Final, NoReturn

import msgspec

from ringfence.clients.backchannel_members import CIBA
from ringfence.clock import Instant
from ringfence.ids import new_token, token_hash
from ringfence.oauth.checks.authorization_details import narrow_details
from ringfence.oauth.consents import live_grant
from ringfence.oauth.exchange import Asked, Exchange, Server, settled
from ringfence.oauth.grants.interface import GrantType, Issued
from ringfence.oauth.tokens import Granted, refresh_token, token_response
from ringfence.problem import Reason, Refused
from ringfence.store.backchannel_model import BackchannelRequest

SLOWER: Final = 5
"""Seconds that the interval grows by each time it was not kept.  OpenID CIBA Core §11."""

SLOWEST: Final = 60
"""Seconds that the interval grows to: a client that has learned must still get its answer in time."""


async def issue(exchange: Exchange, server: Server) -> Issued:
    """Return tokens for an `auth_req_id` that is this client's and that the customer allowed.

    Raises:
        Refused: OAUTH_REQUEST; GRANT_INVALID for an `auth_req_id` that is unknown, another client's or used;
            AUTH_REQUEST_EXPIRED, ACCESS_DENIED, AUTHORIZATION_PENDING, SLOW_DOWN; DETAILS_INVALID.
    """
    client, now, records = settled(exchange.client), exchange.now, server.ports.records
    presented = exchange.parameters.get("auth_req_id", "")
    if not presented:
        raise Refused(Reason.OAUTH_REQUEST, "auth_req_id is missing")
    request = await records.backchannel_request(token_hash(presented))
    if request is None or request.client_id != client.client_id or request.consumed_at is not None:
        raise Refused(Reason.GRANT_INVALID)
    if now >= request.expires_at:
        raise Refused(Reason.AUTH_REQUEST_EXPIRED)
    if request.state == "refused":
        raise Refused(Reason.ACCESS_DENIED, status=400)
    if request.state == "pending":
        await _wait(request, server, now)
    grant = await live_grant(request.grant_id, server, now)
    refresh = new_token(server.ports.random) if "refresh_token" in client.grant_types else ""
    granted = Granted(
        client,
        grant.grant_id,
        grant.user_id,
        grant.scopes,
        exchange.binding,
        grant.expires_at,
        request.authenticated_at,
        narrow_details(exchange.parameters, grant.authorization_details),
        request.acr,
    )
    # signed before the request is spent, so that a signer that fails costs the customer nothing
    nonce = msgspec.convert(request.parameters, Asked).nonce
    body = await token_response(granted, server, now, refresh=refresh, id_token_nonce=nonce)
    kept = refresh_token(refresh, granted, now) if refresh else None
    if await records.redeem_backchannel_request(request.auth_req_hash, client.client_id, now, kept) is None:
        raise Refused(Reason.GRANT_INVALID)
    return Issued(body, grant.grant_id, grant.user_id, grant.scopes)


async def _wait(request: BackchannelRequest, server: Server, now: Instant) -> NoReturn:
    """Say that there is no answer yet, and whether the client came too early."""
    if await server.ports.records.poll_backchannel_request(request.auth_req_hash, now, SLOWER, SLOWEST):
        raise Refused(Reason.AUTHORIZATION_PENDING)
    raise Refused(Reason.SLOW_DOWN)


CIBA_GRANT: Final = GrantType(CIBA, issue)
