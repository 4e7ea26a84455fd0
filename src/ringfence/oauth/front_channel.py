"""Take an authorization request from the browser, for clients whose profile has it so, as if they had pushed it.  RFC 6749 §4.1.1; RFC 9700 §2.1, §4.11.2.

The same checks hold, and the same record is kept: PKCE, an exact redirect URI, scopes and details of the
client. What is wrong becomes a page and not a redirect: nobody has logged in yet, and a server that sends
strangers on is an open redirector.
"""

from typing import Final

import msgspec

from ringfence.oauth.asked_for import check_asked_for
from ringfence.oauth.checks.client_status import require_active
from ringfence.oauth.clients import known_client
from ringfence.oauth.exchange import Exchange, Server
from ringfence.oauth.pace import require_pace
from ringfence.oauth.par import URN, bind_key, check_request, keep_pushed
from ringfence.problem import Reason, Refused
from ringfence.store.model import Client

PROFILE: Final = "oauth2.1"

_PACE: Final = (1.0, 30)
"""Requests from one network, of which each is a record: one a second, 30 at once. An office shares an address."""


async def take_front_channel(exchange: Exchange, server: Server) -> Exchange:
    """Return the exchange as it came where it names a pushed request; else with the request kept, and named.

    Raises:
        Refused: PUSHED_REQUEST_REQUIRED for every client but those of the profile `oauth2.1`; OAUTH_REQUEST for a
            signed request, which is pushed; RATE_LIMITED; as a pushed request.
    """
    parameters = exchange.parameters
    if "request_uri" in parameters:
        return exchange
    client = await _allowed(parameters.get("client_id", ""), server)
    if "request" in parameters or client.require_signed_request_object:
        raise Refused(Reason.OAUTH_REQUEST, "signed requests are pushed")
    await require_pace("front", *_PACE, exchange, server)
    wanted = await check_asked_for(msgspec.structs.replace(exchange, client=client), server)
    asked = await check_request(wanted, server)
    kept = await bind_key(asked, server)
    reference = await keep_pushed(kept, server)
    named = {"client_id": client.client_id, "request_uri": URN + reference}
    return msgspec.structs.replace(exchange, parameters=named)


async def _allowed(client_id: str, server: Server) -> Client:
    """Return the client if it need not push.  What an unknown one is told, one that has to push is told too."""
    if PROFILE not in server.profile.clients.profiles or not client_id:
        raise Refused(Reason.PUSHED_REQUEST_REQUIRED)
    client = require_active(await known_client(client_id, server))
    if client.profile != PROFILE:
        raise Refused(Reason.PUSHED_REQUEST_REQUIRED)
    return client
