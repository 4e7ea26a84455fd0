"""`/grants`: what customers allowed, and taking it back so that the very next call is refused."""

from typing import Final

import msgspec
from starlette.routing import Route

from ringfence.admin.blocking import block_until
from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.ports import AdminPorts
from ringfence.clients.texts import checked_name
from ringfence.events.tokens import GrantRevoked
from ringfence.problem import Reason, Refused
from ringfence.store.blocks import grant_block
from ringfence.store.consent_events import consent_moved
from ringfence.store.consent_states import ConsentState
from ringfence.store.model import Grant

MOST_AT_ONCE: Final = 10_000
USUAL: Final = 1000
LONGEST_WHY: Final = 200


class Revocation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a grant ends."""

    why: str = "operator"


def grant_routes(ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    return [
        route(ports, "GET", "/grants", _list, query=("client_id", "user_id", "limit")),
        route(ports, "GET", "/grants/{grant_id}", _show),
        route(ports, "POST", "/grants/{grant_id}/revoke", _revoke),
    ]


async def _list(call: Call) -> Answer:
    limit = call.number("limit", USUAL, MOST_AT_ONCE)
    client_id, user_id = call.query.get("client_id", ""), call.query.get("user_id", "")
    return Answer(Listing(await call.ports.records.list_grants(client_id, user_id, limit)))


async def _show(call: Call) -> Answer:
    return Answer(await _known(call))


async def _revoke(call: Call) -> Answer:
    why = checked_name(call.read(Revocation).why, "/why", LONGEST_WHY)
    grant = await _known(call)
    await end_grant(grant, why, call)
    call.acted("grant.revoked", grant.grant_id)
    return Answer(await _known(call))


async def end_grant(grant: Grant, why: str, call: Call) -> None:
    """End a grant, its consent and its tokens.  Raises Unavailable."""
    # The block first: should the records refuse, the tokens that are in use are stopped at least. It outlives
    # those that are still issued meanwhile. Both are done again where an earlier attempt failed half-way.
    await call.ports.fast.block([grant_block(grant.grant_id)], block_until(call.now), call.now)
    if await call.ports.records.revoke_grant(grant.grant_id, why, call.now):
        consent = await call.ports.records.consent_of_grant(grant.grant_id)
        if consent is not None and consent.state is ConsentState.REVOKED:
            call.ports.events.emit(consent_moved(consent, call.correlation, call.now, why))
        call.ports.events.emit(
            GrantRevoked(
                at=call.now,
                correlation=call.correlation,
                grant=grant.grant_id,
                client=grant.client_id,
                user=grant.user_id,
                why=why,
            )
        )


async def _known(call: Call) -> Grant:
    grant = await call.ports.records.grant(call.path["grant_id"])
    if grant is None:
        raise Refused(Reason.NOT_FOUND, "no grant has this id")
    return grant
