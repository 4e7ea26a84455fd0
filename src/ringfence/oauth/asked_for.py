"""What any request asks a customer for, with or without a redirect: checked in one place, so that no way is the weaker one.

RFC 9126 §2.1; OpenID CIBA Core §7.1; RFC 9396 §5; RFC 9470 §4.
"""

import msgspec

from ringfence.clients.backchannel_members import CIBA
from ringfence.clock import Instant
from ringfence.ids import new_id
from ringfence.oauth.checks.acr import require_acr_values
from ringfence.oauth.checks.authorization_details import NAME, encoded, read_details, require_details
from ringfence.oauth.checks.client_status import require_grant_type
from ringfence.oauth.checks.scope import customer_scopes
from ringfence.oauth.endpoints import Endpoint
from ringfence.oauth.exchange import Asked, Exchange, Server, settled
from ringfence.oauth.tokens import login_classes
from ringfence.store.model import Consent

_GRANT_TYPES = {
    Endpoint.PAR: "authorization_code",
    Endpoint.AUTHORIZE: "authorization_code",
    Endpoint.BACKCHANNEL: CIBA,
}
"""What a client has to be registered for to make a request at all."""


async def check_asked_for(exchange: Exchange, server: Server) -> Exchange:
    """Return the exchange with scopes, details and class of login, each known and the client's to ask for.

    Raises:
        Refused: CLIENT_UNAUTHORIZED, SCOPE_INVALID, DETAILS_INVALID or AUTHENTICATION_UNMET.
    """
    client, parameters, profile = settled(exchange.client), exchange.parameters, server.profile
    require_grant_type(client, _GRANT_TYPES[exchange.endpoint])
    details = require_details(parameters, profile.detail_types, client.authorization_details_types)
    asked = Asked(
        scope=" ".join(customer_scopes(parameters, profile.scopes, client.scopes, needed=not details)),
        acr_values=require_acr_values(parameters, login_classes(profile)),
        authorization_details=encoded(details),
    )
    return msgspec.structs.replace(exchange, asked=asked)


def open_consent(exchange: Exchange, server: Server, expires_at: Instant) -> Consent:
    """Return the consent that a request asks for, which waits for the customer's answer until then."""
    asked = settled(exchange.asked)
    return Consent(
        consent_id=new_id("consent", server.ports.random),
        client_id=settled(exchange.client).client_id,
        scopes=asked.scopes,
        authorization_details=read_details({NAME: asked.authorization_details}),
        created_at=exchange.now,
        changed_at=exchange.now,
        expires_at=expires_at,
    )
