"""The token endpoint: one grant type or another, behind the same steps.  RFC 6749 §3.2."""

from typing import Final

from ringfence.oauth.answers import json_response
from ringfence.oauth.checks.client_status import require_grant_type
from ringfence.oauth.exchange import Exchange, Outcome, Server, settled
from ringfence.oauth.grants import GRANT_TYPES
from ringfence.oauth.grants.interface import GrantType
from ringfence.problem import Reason, Refused

_BY_NAME: Final = {grant_type.name: grant_type for grant_type in GRANT_TYPES}


async def check_grant_type(exchange: Exchange, server: Server) -> Exchange:  # noqa: ARG001 - every step has one signature
    """Return the exchange if the grant type exists and the client registered it.

    Raises:
        Refused: OAUTH_REQUEST, GRANT_TYPE_UNSUPPORTED or CLIENT_UNAUTHORIZED.
    """
    require_grant_type(settled(exchange.client), _grant_type(exchange).name)
    return exchange


async def issue_tokens(exchange: Exchange, server: Server) -> Outcome:
    """Return the token response of the grant type that is asked for.  Raises Refused as that grant type does."""
    grant_type = _grant_type(exchange)
    issued = await grant_type.issue(exchange, server)
    return Outcome(json_response(issued.body), issued.grant, issued.user, grant_type.name, issued.scopes)


def _grant_type(exchange: Exchange) -> GrantType:
    asked = exchange.parameters.get("grant_type", "")
    if not asked:
        raise Refused(Reason.OAUTH_REQUEST, "grant_type is missing")
    grant_type = _BY_NAME.get(asked)
    if grant_type is None:
        raise Refused(Reason.GRANT_TYPE_UNSUPPORTED)
    return grant_type
