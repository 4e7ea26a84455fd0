"""Log a customer out because an application asks for it, once the customer has said so.  OpenID Connect RP-Initiated Logout §2, §3, §4.

Nothing ends before the customer has sent the form of our own page: a link or a form of another site only
shows that page. Back to the application it goes only with a hint that we signed, to a URI that it registered.
"""

from typing import Final

import msgspec

from ringfence.ids import new_token
from ringfence.message import Response
from ringfence.oauth.answers import see_other, with_parameters
from ringfence.oauth.checks.echoed import require_echoable
from ringfence.oauth.checks.post_logout_redirect_uri import require_post_logout_redirect_uri
from ringfence.oauth.cookies import BROWSER, SESSION, drop_cookie, set_cookie
from ringfence.oauth.endpoints import Endpoint, path_of
from ringfence.oauth.exchange import Exchange, Outcome, Server
from ringfence.oauth.hints import known_id_token
from ringfence.oauth.pages.logout import logged_out_page, logout_page
from ringfence.oauth.session_end import end_session
from ringfence.oauth.sessions import bound_to_browser
from ringfence.problem import Reason, Refused
from ringfence.store.model import Client

PARAMETERS: Final = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")
"""What counts; `logout_hint` and `ui_locales` would change nothing."""


class LogoutAsked(msgspec.Struct, frozen=True):
    """A request to log out that has passed every check."""

    client: Client | None
    """Whom the hint was given to, or who is named; None where nobody is."""
    returns_to: str
    """Where the browser goes afterwards, with the state; empty: nowhere."""


async def ask_to_log_out(exchange: Exchange, server: Server) -> Outcome:
    """Return the page that asks; who is not logged in goes on at once, as there is nothing to ask.

    Raises:
        Refused: OAUTH_REQUEST, REDIRECT_URI_INVALID.
    """
    if exchange.request.method == "POST":
        # a form of another site brings no cookies of ours (SameSite=Lax): by GET they come
        given = {name: exchange.parameters[name] for name in PARAMETERS if name in exchange.parameters}
        return Outcome(see_other(with_parameters(path_of(server.profile, Endpoint.END_SESSION), given)))
    asked, session = await _read(exchange, server), exchange.session
    if session is None:
        return Outcome(_afterwards(asked, server))
    cookies: tuple[tuple[str, str], ...] = ()
    if not exchange.browser:
        exchange = msgspec.structs.replace(exchange, browser=new_token(server.ports.random))
        cookies = (set_cookie(BROWSER, exchange.browser),)
    user = await server.ports.records.user(session.user_id)
    page = logout_page(
        server.profile,
        server.ports.random,
        customer=(user.name or user.username) if user else "",
        client=asked.client.name if asked.client else "",
        hidden={name: exchange.parameters[name] for name in PARAMETERS if name in exchange.parameters},
        token=bound_to_browser(exchange, Endpoint.LOGOUT.name),
        returns_to=asked.returns_to,
    )
    return Outcome(msgspec.structs.replace(page, headers=(*page.headers, *cookies)))


async def log_out(exchange: Exchange, server: Server) -> Outcome:
    """End the session in which the customer has said so, or leave it.

    Raises:
        Refused: OAUTH_REQUEST for another decision; as `ask_to_log_out`.
    """
    asked, session = await _read(exchange, server), exchange.session
    if session is None:
        return Outcome(_afterwards(asked, server))
    match exchange.parameters.get("decision"):
        case "logout":
            correlation, network = exchange.request.correlation, exchange.request.peer.address
            await end_session(session, "logged out", server.ports, exchange.now, correlation, network)
            after = _afterwards(asked, server)
            after = msgspec.structs.replace(after, headers=(*after.headers, drop_cookie(SESSION)))
            return Outcome(after, user=session.user_id)
        case "stay":
            return Outcome(see_other(path_of(server.profile, Endpoint.MY_GRANTS)))
        case _:
            raise Refused(Reason.OAUTH_REQUEST, "the decision is logout or stay")


async def _read(exchange: Exchange, server: Server) -> LogoutAsked:
    parameters, records = exchange.parameters, server.ports.records
    raw, named = parameters.get("id_token_hint", ""), parameters.get("client_id", "")
    vouched = None
    if raw:
        hint = await known_id_token(raw, exchange, server)
        if named and named != hint.client_id:
            raise Refused(Reason.OAUTH_REQUEST, "client_id is not whom the id_token_hint was given to")
        vouched = await records.client(hint.client_id)
    uri = require_post_logout_redirect_uri(parameters.get("post_logout_redirect_uri", ""), vouched)
    state = require_echoable(parameters, "state")
    returns_to = with_parameters(uri, {"state": state}) if uri and state else uri
    return LogoutAsked(vouched or (await records.client(named) if named else None), returns_to)


def _afterwards(asked: LogoutAsked, server: Server) -> Response:
    if asked.returns_to:
        return see_other(asked.returns_to)
    return logged_out_page(server.profile, server.ports.random)
