"""Customers' browser sessions, and the binding of every form to one browser.  OAuth 2.0 Security BCP §4.7; RFC 6265bis §8.8."""

import hashlib
import hmac
import re
from typing import Final

import msgspec

from ringfence.clock import Instant, Seconds
from ringfence.ids import new_id, new_token, token_hash
from ringfence.oauth.checks.acr import is_reached
from ringfence.oauth.checks.prompt import earliest_login
from ringfence.oauth.cookies import BROWSER, SESSION, read_cookie
from ringfence.oauth.devices import device_of
from ringfence.oauth.exchange import Exchange, Server, settled
from ringfence.oauth.second_factor import has_second_factor
from ringfence.oauth.session_end import end_session
from ringfence.oauth.step_up import is_outdated
from ringfence.oauth.tokens import ACR_PASSKEY, ACR_TWO_FACTOR
from ringfence.problem import Reason, Refused
from ringfence.store.model import Session, User

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""What `ids.new_token` makes; any other cookie is not ours."""

STRONG: Final = (ACR_TWO_FACTOR, ACR_PASSKEY)
"""Classes of login with a second factor."""

_USE_NOTED: Final[Seconds] = 60.0
"""A session's use is written down at most this often."""


async def find_browser(exchange: Exchange, server: Server) -> Exchange:  # noqa: ARG001 - every step has one signature
    """Return the exchange with the browser's cookie, if it has one of ours.  Raises Refused SESSION_INVALID."""
    value = read_cookie(exchange.request, BROWSER)
    return msgspec.structs.replace(exchange, browser=value if _TOKEN.fullmatch(value) else "")


async def find_session(exchange: Exchange, server: Server) -> Exchange:
    """Return the exchange with the customer's session, if there is one that will do for this request.

    It will not do where the customer has been disabled since, or the client wants a newer login, or a stronger
    one than that of a session which was there before the request.
    """
    found = await find_own_session(exchange, server)
    asked, pushed = settled(exchange.asked), settled(exchange.pushed)
    earliest = earliest_login(asked.prompt, asked.max_age, asked_at=pushed.created_at, now=exchange.now)
    if found.session is None or found.session.authenticated_at < earliest:
        return exchange
    older = found.session.authenticated_at < pushed.created_at
    return exchange if older and not is_reached(asked.acr_values, found.session.acr) else found


async def find_own_session(exchange: Exchange, server: Server) -> Exchange:
    """Return the exchange with the customer's session, unless the customer has been disabled since."""
    value = read_cookie(exchange.request, SESSION)
    if not _TOKEN.fullmatch(value):
        return exchange
    session = await server.ports.records.session(token_hash(value), exchange.now)
    user = await server.ports.records.user(session.user_id) if session else None
    if user is None or user.status != "active":
        return exchange
    session = settled(session)
    if session.acr not in STRONG and not session.amr and await has_second_factor(user, server):
        return exchange  # begun before the customer had a second factor
    if await is_outdated(session, exchange, server):
        return exchange
    if exchange.now - (session.used_at or session.authenticated_at) >= _USE_NOTED:
        await server.ports.records.note_session_use(session.session_hash, exchange.now)
    return msgspec.structs.replace(exchange, session=session)


class OutsideLogin(msgspec.Struct, frozen=True):
    """How a customer logged in at an outside application."""

    acr: str
    amr: str
    authenticated_at: Instant


async def start_session(
    user: User, acr: str, exchange: Exchange, server: Server, outside: OutsideLogin | None = None
) -> str:
    """Keep a session for a customer who has just logged in, end the browser's former one; return the cookie's value.

    The same customer's new login goes on with the former session's name: clients need not be told of an end.
    """
    sid, now = await _succeeded(user, exchange, server), exchange.now
    value = new_token(server.ports.random)
    expires_at = Instant(now + server.profile.lifetimes.login_session_seconds)
    await server.ports.records.add_session(
        Session(
            session_hash=token_hash(value),
            user_id=user.user_id,
            device=device_of(exchange.request.header("user-agent") or ""),
            network=exchange.request.peer.address,
            authenticated_at=outside.authenticated_at if outside else now,
            acr=outside.acr if outside else acr,
            expires_at=expires_at,
            amr=outside.amr if outside else "",
            sid=sid,
        )
    )
    return value


async def _succeeded(user: User, exchange: Exchange, server: Server) -> str:
    """End what the browser was logged in with; return the name of the session that takes its place."""
    cookie = read_cookie(exchange.request, SESSION)
    former = await server.ports.records.session(token_hash(cookie), exchange.now) if cookie else None
    if former is not None and former.user_id == user.user_id and former.sid:
        await server.ports.records.remove_session(former.session_hash)
        return former.sid
    if former is not None:
        correlation, network = exchange.request.correlation, exchange.request.peer.address
        await end_session(former, "another login", server.ports, exchange.now, correlation, network)
    return new_id("sid", server.ports.random)


def bound_to_browser(exchange: Exchange, purpose: str) -> str:
    """Return a value that only this browser's pages for this request hold: for a form, or the way to a page.

    It is an HMAC under the browser cookie, which no other site can read or set (`__Host-`), over
    purpose, request and session: a form of before a login is worth nothing after it.
    """
    if not exchange.browser:
        raise Refused(Reason.SESSION_INVALID, "allow cookies for this site, then start again at the application")
    session = exchange.session.session_hash if exchange.session else ""
    # the customer's own page belongs to no request
    reference = exchange.pushed.uri_hash if exchange.pushed else ""
    bound = "\n".join((purpose, reference, "" if purpose == VISIT else session))
    return hmac.new(exchange.browser.encode("ascii"), bound.encode("ascii"), hashlib.sha256).hexdigest()


VISIT: Final = "visit"
"""Purpose of the value in the interaction page's URL; it outlives the login."""


def require_bound(exchange: Exchange, purpose: str, presented: str) -> None:
    """Return if the browser presents the value made for it.  Raises Refused SESSION_INVALID."""
    if not hmac.compare_digest(bound_to_browser(exchange, purpose), presented.encode("ascii", "replace").decode()):
        raise Refused(Reason.SESSION_INVALID)
