"""`/events`: read the event stream from a position on."""

from typing import Final

import msgspec
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, route
from ringfence.admin.ports import AdminPorts

MOST_AT_ONCE: Final = 1000
USUAL: Final = 100
LAST_POSITION: Final = 2**63 - 1
"""SQLite counts rows in 63 bits."""


class EventView(msgspec.Struct, frozen=True):
    """An event with its position."""

    position: int
    event: msgspec.Raw


class EventPage(msgspec.Struct, frozen=True):
    """Events in order, and the position to go on after."""

    items: list[EventView]
    next: int


def event_routes(ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    return [route(ports, "GET", "/events", _read, query=("after", "last", "limit"))]


async def _read(call: Call) -> Answer:
    """Answer events after `after`; or, with `last`, from that many before the end on."""
    limit = call.number("limit", USUAL, MOST_AT_ONCE)
    after = call.number("after", 0, LAST_POSITION)
    if "last" in call.query:
        after = max(after, await call.ports.stream.last() - call.number("last", 0, LAST_POSITION))
    items = [EventView(e.position, msgspec.Raw(e.data)) for e in await call.ports.stream.read(after, limit)]
    return Answer(EventPage(items, items[-1].position if items else after))
