"""`/sessions`: who is logged in, and ending a login so that the very next call is refused.  OpenID Connect Back-Channel Logout §2."""

from typing import Final

import msgspec
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.grants import end_grant
from ringfence.admin.ports import AdminPorts
from ringfence.clients.texts import checked_name
from ringfence.clock import Instant
from ringfence.oauth.session_end import end_session
from ringfence.problem import Reason, Refused
from ringfence.store.model import Session

MOST_AT_ONCE: Final = 10_000
USUAL: Final = 1000
LONGEST_WHY: Final = 200


class End(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a session ends, and what ends with it."""

    why: str = "operator"
    with_grants: bool = False
    """Also revoke what the customer has allowed since this login: for a login that was a thief's."""


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A session as shown: without the hash of its cookie."""

    session_id: str
    """Its name in tokens, `sid`."""
    user_id: str
    device: str
    network: str
    acr: str
    authenticated_at: Instant
    expires_at: Instant


def session_routes(ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    return [
        route(ports, "GET", "/sessions", _list, query=("user_id", "limit")),
        route(ports, "POST", "/sessions/{session_id}/end", _end),
    ]


async def _list(call: Call) -> Answer:
    limit, user_id = call.number("limit", USUAL, MOST_AT_ONCE), call.query.get("user_id", "")
    records = call.ports.records
    found = await (records.list_sessions(user_id, call.now) if user_id else records.all_sessions(call.now, limit))
    return Answer(Listing([_view(session) for session in found[:limit]]))


async def _end(call: Call) -> Answer:
    asked = call.read(End)
    why = checked_name(asked.why, "/why", LONGEST_WHY)
    session = await call.ports.records.session_by_sid(call.path["session_id"], call.now)
    if session is None:
        raise Refused(Reason.NOT_FOUND, "no session has this id; it may have ended")
    await end_session(session, why, call.ports, call.now, call.correlation)
    revoked = await _end_grants(session, why, call) if asked.with_grants else []
    call.acted("session.ended", session.sid)
    return Answer({"session_id": session.sid, "ended": True, "grants_revoked": revoked})


async def _end_grants(session: Session, why: str, call: Call) -> list[str]:
    """Revoke the grants behind what the customer has decided since the login; return their ids."""
    records, revoked = call.ports.records, []
    for consent in await records.list_consents(user_id=session.user_id):
        since = consent.decided_at is not None and consent.decided_at >= session.authenticated_at
        grant = await records.grant(consent.grant_id) if since and consent.grant_id else None
        if grant is not None and grant.revoked_at is None:
            await end_grant(grant, why, call)
            revoked.append(grant.grant_id)
    return revoked


def _view(session: Session) -> SessionView:
    return SessionView(
        session_id=session.sid,
        user_id=session.user_id,
        device=session.device,
        network=session.network,
        acr=session.acr,
        authenticated_at=session.authenticated_at,
        expires_at=session.expires_at,
    )
