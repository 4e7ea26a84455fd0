"""The page where customers see what they allowed and who is logged in as them, and end either."""

from collections.abc import Sequence
from typing import Final

import msgspec

from ringfence.clock import Instant
from ringfence.ids import new_token
from ringfence.oauth.answers import see_other
from ringfence.oauth.cookies import BROWSER, SESSION, drop_cookie, set_cookie
from ringfence.oauth.devices import UNKNOWN
from ringfence.oauth.endpoints import Endpoint, path_of
from ringfence.oauth.exchange import Exchange, Outcome, Server
from ringfence.oauth.login_forms import LoginPlace, show_login, take_login_form
from ringfence.oauth.moments import moment
from ringfence.oauth.pages.own import GrantShown, SessionShown, WaysIn, own_page
from ringfence.oauth.passkey_page import LEADS_HERE
from ringfence.oauth.revoke import revoke_grant
from ringfence.oauth.session_end import end_session, end_sessions
from ringfence.oauth.sessions import bound_to_browser
from ringfence.oauth.tokens import ACR_PASSKEY, ACR_TWO_FACTOR
from ringfence.oauth.words import wordings
from ringfence.problem import Reason, Refused
from ringfence.store.consent_states import ConsentState
from ringfence.store.model import Grant, Session

GRANT: Final = "grant"
SESSION_MARK: Final = "session"
"""Parameters of the page's forms."""

ALL_OTHERS: Final = "others"
"""Value of `SESSION_MARK` that names every session but the present one."""

LEADS_TO: Final = "leads_to"
"""Parameter of the login form: what the customer was about to do."""

MARK_CHARACTERS: Final = 16
"""Of a session's hash: enough to tell one customer's sessions apart, of no use to anybody else."""

MOST_SHOWN: Final = 1000

_WAYS: Final = {ACR_PASSKEY: "passkey", ACR_TWO_FACTOR: "password and code"}
"""Class of a login in the customer's words."""


async def show_own_page(exchange: Exchange, server: Server) -> Outcome:
    """Return the customer's page, or the login page to whoever is not logged in."""
    if exchange.browser:
        cookies: tuple[tuple[str, str], ...] = ()
    else:
        exchange = msgspec.structs.replace(exchange, browser=new_token(server.ports.random))
        cookies = (set_cookie(BROWSER, exchange.browser),)
    if exchange.session is None:
        response = show_login(exchange, server, LoginPlace(Endpoint.MY_LOGIN))
    else:
        records, user_id = server.ports.records, exchange.session.user_id
        user = await records.user(user_id)
        grants = [g for g in await records.list_grants(user_id=user_id, limit=MOST_SHOWN) if _is_live(g, exchange.now)]
        response = own_page(
            server.profile,
            server.ports.random,
            customer=(user.name or user.username) if user else "",
            grants=await _grants_shown(grants, server),
            sessions=_sessions_shown(await records.list_sessions(user_id, exchange.now), exchange.session),
            ways=WaysIn(
                passkeys=len(await records.list_passkeys(user_id)),
                app=bool(user and user.totp_secret),
                codes_left=len(user.recovery_codes.split()) if user else 0,
            ),
            withdraw_token=bound_to_browser(exchange, Endpoint.MY_WITHDRAW.name),
            end_token=bound_to_browser(exchange, Endpoint.MY_SESSION_END.name),
            waiting=len(await records.pending_backchannel_requests(user_id, exchange.now)),
        )
    return Outcome(msgspec.structs.replace(response, headers=(*response.headers, *cookies)))


async def take_own_login(exchange: Exchange, server: Server) -> Outcome:
    """Log the customer in and lead to the page, or show the login page with what went wrong."""
    leads_to = LEADS_HERE if exchange.parameters.get(LEADS_TO) == LEADS_HERE else ""
    onward = path_of(server.profile, Endpoint.MY_PASSKEYS) if leads_to else _page(server)
    place = LoginPlace(Endpoint.MY_LOGIN, leads_to=leads_to)
    return Outcome(await take_login_form(exchange, server, place, onward))


async def withdraw(exchange: Exchange, server: Server) -> Outcome:
    """End one of the customer's own grants: the gateway refuses its tokens from the next call on.

    Raises:
        Refused: NOT_FOUND for a grant that is not this customer's.
    """
    if exchange.session is None:
        return Outcome(see_other(_page(server)))
    grant = await server.ports.records.grant(exchange.parameters.get(GRANT, ""))
    if grant is None or grant.user_id != exchange.session.user_id:
        raise Refused(Reason.NOT_FOUND, "you have allowed nothing of that name")
    why = "withdrawn by the customer"
    await revoke_grant(grant.grant_id, why, server.ports, exchange.now, exchange.request.correlation)
    return Outcome(see_other(_page(server)), grant.grant_id, grant.user_id)


async def end_own_session(exchange: Exchange, server: Server) -> Outcome:
    """End one of the customer's own sessions, or all others; ending the present one is to log out.

    A session is a login on these pages. What applications may do stands in grants, and goes on until it is withdrawn.

    Raises:
        Refused: NOT_FOUND for a session that is not this customer's.
    """
    current = exchange.session
    if current is None:
        return Outcome(see_other(_page(server)))
    mark = exchange.parameters.get(SESSION_MARK, "")
    records = server.ports.records
    sessions = await records.list_sessions(current.user_id, exchange.now)
    if mark == ALL_OTHERS:
        others = [one for one in sessions if one.session_hash != current.session_hash]
        await end_sessions(others, "ended by the customer", server.ports, exchange.now, exchange.request.correlation)
        return Outcome(see_other(_page(server)), user=current.user_id)
    ended = next((one for one in sessions if _mark(one) == mark), None)
    if ended is None:
        raise Refused(Reason.NOT_FOUND, "that device is not logged in")
    correlation, network = exchange.request.correlation, exchange.request.peer.address
    await end_session(ended, "ended by the customer", server.ports, exchange.now, correlation, network)
    cookies = (drop_cookie(SESSION),) if ended.session_hash == current.session_hash else ()
    return Outcome(see_other(_page(server), cookies), user=current.user_id)


def _is_live(grant: Grant, now: Instant) -> bool:
    return grant.revoked_at is None and now < grant.expires_at


async def _grants_shown(grants: Sequence[Grant], server: Server) -> list[GrantShown]:
    profile, names = server.profile, {}
    paid = await _paid(grants, server)
    for client_id in {grant.client_id for grant in grants}:
        client = await server.ports.records.client(client_id)
        names[client_id] = client.name if client else client_id
    return [
        GrantShown(
            grant_id=grant.grant_id,
            client=names[grant.client_id],
            wordings=wordings(grant.scopes, grant.authorization_details, profile.scopes, profile.detail_types),
            given=moment(grant.created_at),
            until=moment(grant.expires_at),
            used=moment(grant.used_at) if grant.used_at is not None else "",
            paid=paid.get(grant.grant_id, ""),
        )
        for grant in grants
    ]


async def _paid(grants: Sequence[Grant], server: Server) -> dict[str, str]:
    """Return when each payment among the grants was carried out, by grant: its consent is used up."""
    if not grants:
        return {}
    consents = await server.ports.records.list_consents(user_id=grants[0].user_id, limit=MOST_SHOWN)
    return {one.grant_id: moment(one.changed_at) for one in consents if one.state is ConsentState.CONSUMED}


def _sessions_shown(sessions: Sequence[Session], current: Session) -> list[SessionShown]:
    return [
        SessionShown(
            mark=_mark(one),
            device=one.device or UNKNOWN,
            network=one.network,
            since=moment(one.authenticated_at),
            used=moment(one.used_at or one.authenticated_at),
            way=_WAYS.get(one.acr, "password"),
            current=one.session_hash == current.session_hash,
        )
        for one in sessions
    ]


def _mark(session: Session) -> str:
    return session.session_hash[:MARK_CHARACTERS]


def _page(server: Server) -> str:
    return path_of(server.profile, Endpoint.MY_GRANTS)
