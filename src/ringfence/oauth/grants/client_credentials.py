"""Give a client a token for itself, without a customer and without a refresh token.  RFC 6749 §4.4."""

from typing import Final

from ringfence.oauth.checks.authorization_details import refuse_details
from ringfence.oauth.checks.scope import OPENID, require_scopes
from ringfence.oauth.exchange import Exchange, Server, settled
from ringfence.oauth.grants.interface import GrantType, Issued
from ringfence.oauth.tokens import Granted, standing_grant, token_response
from ringfence.problem import Reason, Refused


async def issue(exchange: Exchange, server: Server) -> Issued:
    """Return an access token whose subject is the client.  Raises Refused SCOPE_INVALID, DETAILS_INVALID."""
    client, now = settled(exchange.client), exchange.now
    refuse_details(exchange.parameters)
    scopes = require_scopes(exchange.parameters, server.profile.scopes, client.scopes)
    if OPENID in scopes:
        raise Refused(Reason.SCOPE_INVALID, "openid needs a customer")
    granted = Granted(client, standing_grant(client.client_id), "", scopes, exchange.binding)
    body = await token_response(granted, server, now)
    return Issued(body, granted.grant_id, "", scopes)


CLIENT_CREDENTIALS: Final = GrantType("client_credentials", issue)
