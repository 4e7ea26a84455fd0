"""`/consents`: what customers were asked and decided, and noting that a consent has been used up."""

from typing import Final

from starlette.routing import Route

from ringfence.admin.blocking import block_until
from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.ports import AdminPorts
from ringfence.events.tokens import GrantRevoked
from ringfence.problem import Reason, Refused
from ringfence.store.blocks import grant_block
from ringfence.store.consent_events import consent_moved
from ringfence.store.consent_states import ConsentState
from ringfence.store.model import Consent

MOST_AT_ONCE: Final = 10_000
USUAL: Final = 1000

CONSUMED: Final = "consumed"
"""Why the grant of a consent that is used up ends."""


def consent_routes(ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    return [
        route(ports, "GET", "/consents", _list, query=("client_id", "user_id", "limit")),
        route(ports, "GET", "/consents/{consent_id}", _show),
        route(ports, "POST", "/consents/{consent_id}/consume", _consume),
    ]


async def _list(call: Call) -> Answer:
    limit = call.number("limit", USUAL, MOST_AT_ONCE)
    client_id, user_id = call.query.get("client_id", ""), call.query.get("user_id", "")
    return Answer(Listing(await call.ports.records.list_consents(client_id, user_id, limit)))


async def _show(call: Call) -> Answer:
    return Answer(await _known(call))


async def _consume(call: Call) -> Answer:
    """Note that what was allowed has been done, for example a payment made: its tokens stop working."""
    consent = await _known(call)
    records = call.ports.records
    if await records.end_consent(consent.consent_id, ConsentState.CONSUMED, call.now):
        call.ports.events.emit(consent_moved(await _known(call), call.correlation, call.now))
    elif consent.state is not ConsentState.CONSUMED:
        raise Refused(Reason.CONFLICT, f"the consent is {consent.state.value}; only an Authorised one can be consumed")
    # Also when it was consumed before: that attempt may have failed before its tokens were stopped.
    await call.ports.fast.block([grant_block(consent.grant_id)], block_until(call.now), call.now)
    if await records.revoke_grant(consent.grant_id, CONSUMED, call.now):
        call.ports.events.emit(
            GrantRevoked(
                at=call.now,
                correlation=call.correlation,
                grant=consent.grant_id,
                client=consent.client_id,
                user=consent.user_id,
                why=CONSUMED,
            )
        )
    call.acted("consent.consumed", consent.consent_id)
    return Answer(await _known(call))


async def _known(call: Call) -> Consent:
    consent = await call.ports.records.consent(call.path["consent_id"])
    if consent is None:
        raise Refused(Reason.NOT_FOUND, "no consent has this id")
    return consent
