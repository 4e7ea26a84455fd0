"""`/alerts`: what detection raised, and what a person found when looking at it."""

from typing import Final, Literal

import msgspec
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.ports import AdminPorts
from ringfence.clients.texts import checked_name
from ringfence.events.detection import AlertDisposed
from ringfence.problem import Reason, Refused
from ringfence.store.watch_interface import KeptAlert

MOST_AT_ONCE: Final = 10_000
USUAL: Final = 200
LONGEST_NOTE: Final = 1000


class Disposition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an alert turned out to be."""

    disposition: Literal["attack", "benign", "duplicate"]
    note: str = ""


def alert_routes(ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    return [
        route(ports, "GET", "/alerts", _list, query=("rule", "open", "limit")),
        route(ports, "GET", "/alerts/{alert_id}", _show),
        route(ports, "POST", "/alerts/{alert_id}/dispose", _dispose),
    ]


async def _list(call: Call) -> Answer:
    limit = call.number("limit", USUAL, MOST_AT_ONCE)
    undisposed = bool(call.number("open", 0, 1))
    return Answer(Listing(list(await call.ports.watch.alerts(call.query.get("rule", ""), undisposed, limit))))


async def _show(call: Call) -> Answer:
    return Answer(await _known(call))


async def _dispose(call: Call) -> Answer:
    said = call.read(Disposition)
    note = checked_name(said.note, "/note", LONGEST_NOTE) if said.note else ""
    alert = await _known(call)
    await call.ports.watch.dispose(alert.alert_id, said.disposition, note, call.ports.actor, call.now)
    call.ports.events.emit(
        AlertDisposed(
            at=call.now,
            correlation=call.correlation,
            alert=alert.alert_id,
            disposition=said.disposition,
            actor=call.ports.actor,
        )
    )
    return Answer(await _known(call))


async def _known(call: Call) -> KeptAlert:
    alert = await call.ports.watch.alert(call.path["alert_id"])
    if alert is None:
        raise Refused(Reason.NOT_FOUND, "no alert has this id")
    return alert
