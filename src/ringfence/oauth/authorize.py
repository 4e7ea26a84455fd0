"""The authorization endpoint: find the pushed request and lead the customer to the pages.  RFC 9126 §4; FAPI 2.0 SP §5.3.2.2-3."""

from typing import Final

import msgspec

from ringfence.ids import new_token, token_hash
from ringfence.oauth.answers import see_other, with_parameters
from ringfence.oauth.checks.client_status import require_active
from ringfence.oauth.clients import known_client
from ringfence.oauth.consents import refuse_silent
from ringfence.oauth.cookies import BROWSER, set_cookie
from ringfence.oauth.endpoints import Endpoint, path_of
from ringfence.oauth.exchange import Asked, Exchange, Outcome, Server, settled
from ringfence.oauth.par import URN, last_visit
from ringfence.oauth.sessions import VISIT, bound_to_browser
from ringfence.problem import Reason, Refused
from ringfence.store.model import PushedRequest

REFERENCE: Final = "request"
"""Parameter of our own pages: the part of the `request_uri` behind its prefix."""

TICKET: Final = "ticket"
"""Parameter of the interaction page: shows that this browser came by the authorization endpoint in time."""


async def open_request(exchange: Exchange, server: Server) -> Exchange:
    """Return the exchange with the pushed request that the browser names, its client and its parameters.

    Of the URL only `client_id` and `request_uri` count. Whatever is wrong becomes a page, never a
    redirect: nothing in the URL may decide where a browser is sent.

    Raises:
        Refused: PUSHED_REQUEST_REQUIRED, REQUEST_URI_INVALID, CLIENT_UNKNOWN or CLIENT_AUTHENTICATION.
    """
    parameters, arriving = exchange.parameters, exchange.endpoint is Endpoint.AUTHORIZE
    if arriving and "request_uri" not in parameters:
        raise Refused(Reason.PUSHED_REQUEST_REQUIRED)  # `take_front_channel` has refused it already
    named = _named(exchange)
    if not named.startswith(URN):
        raise Refused(Reason.REQUEST_URI_INVALID)
    pushed = await server.ports.records.pushed_request(token_hash(named.removeprefix(URN)))
    if pushed is None or pushed.consumed_at is not None or exchange.now >= _deadline(pushed, exchange, server):
        raise Refused(Reason.REQUEST_URI_INVALID)
    if arriving and parameters.get("client_id") != pushed.client_id:
        raise Refused(Reason.REQUEST_URI_INVALID, private="the client_id is not the one that pushed the request")
    client = require_active(await known_client(pushed.client_id, server))
    asked = msgspec.convert(pushed.parameters, Asked)
    return msgspec.structs.replace(exchange, pushed=pushed, client=client, asked=asked)


async def begin(exchange: Exchange, server: Server) -> Outcome:
    """Send the browser to the pages, with a cookie that the pages will be bound to.

    The request is not consumed: a customer who reloads or comes back before deciding goes on.
    """
    if exchange.request.method == "POST":
        # a form of another site brings no cookies of ours (SameSite=Lax): by GET they come
        given = {name: exchange.parameters[name] for name in ("client_id", "request_uri")}
        return Outcome(see_other(with_parameters(path_of(server.profile, Endpoint.AUTHORIZE), given)))
    if "none" in settled(exchange.asked).prompt.split():
        return Outcome(await refuse_silent(exchange, server))
    if exchange.browser:
        return Outcome(see_other(interaction_url(exchange, server)))
    known = msgspec.structs.replace(exchange, browser=new_token(server.ports.random))
    return Outcome(see_other(interaction_url(known, server), (set_cookie(BROWSER, known.browser),)))


def reference_of(exchange: Exchange) -> str:
    """Return the reference that `open_request` found the pushed request by.

    At the authorization endpoint a parameter of our own pages' name is a stranger's: `request` is one of
    RFC 9101, and of the URL nothing counts but the `request_uri`.
    """
    return _named(exchange).removeprefix(URN)


def interaction_url(exchange: Exchange, server: Server) -> str:
    """Return where this browser's pages for this request are: a path with its query."""
    ticket = bound_to_browser(exchange, VISIT)
    path = path_of(server.profile, Endpoint.INTERACTION)
    return f"{path}?{REFERENCE}={reference_of(exchange)}&{TICKET}={ticket}"


def _named(exchange: Exchange) -> str:
    """Return the `request_uri` that the browser names: as it stands at the authorization endpoint, else by its reference."""
    if exchange.endpoint is Endpoint.AUTHORIZE:
        return exchange.parameters.get("request_uri", "")
    return URN + exchange.parameters.get(REFERENCE, "")


def _deadline(pushed: PushedRequest, exchange: Exchange, server: Server) -> float:
    return last_visit(pushed, server) if exchange.endpoint is Endpoint.AUTHORIZE else pushed.expires_at
