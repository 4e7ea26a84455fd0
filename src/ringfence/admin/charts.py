"""`/alerts/{id}/chart`: what the group did before, when and after it raised an alert, out of the stored events."""

import asyncio
from typing import Final

import msgspec
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, route
from ringfence.admin.ports import AdminPorts
from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.detect.chart import chart, span
from ringfence.events import Event, decode
from ringfence.problem import Reason, Refused
from ringfence.store.interface import StoredEvent

PAGE: Final = 1_000
MOST_EVENTS: Final = 100_000
"""Looked at for one chart; some two seconds of work, in a thread."""


def chart_routes(ports: AdminPorts) -> list[Route]:
    """Return the route of this resource."""
    return [route(ports, "GET", "/alerts/{alert_id}/chart", _show)]


async def _show(call: Call) -> Answer:
    kept = await call.ports.watch.alert(call.path["alert_id"])
    if kept is None:
        raise Refused(Reason.NOT_FOUND, "no alert has this id")
    try:
        alert = msgspec.json.decode(kept.detail, type=Alert)
    except msgspec.ValidationError:
        raise Refused(Reason.NOT_FOUND, "it was raised by another version") from None
    rules = {rule.rule.id: rule for rule in await asyncio.to_thread(call.ports.rules)}
    rule = rules.get(alert.rule)
    if rule is None:
        raise Refused(Reason.NOT_FOUND, "its rule is not in force any more")
    begins_at, ends_at = span(rule, alert.at)
    before, complete = await _before(call, alert.position, begins_at)
    after = await _after(call, alert.position, ends_at)
    events = await asyncio.to_thread(_decoded, [*before, *after])
    return Answer(await asyncio.to_thread(lambda: chart(rule, alert, events, complete=complete)))


async def _before(call: Call, position: int, since: Instant) -> tuple[list[StoredEvent], bool]:
    """Return the events up to a position, backwards until they are older than `since`; whether none is lacking."""
    pages: list[list[StoredEvent]] = []
    upto = position
    while upto > 0 and sum(map(len, pages)) < MOST_EVENTS:
        after = max(0, upto - PAGE)
        page = [one for one in await call.ports.stream.read(after, PAGE) if one.position <= upto]
        pages.insert(0, page)
        upto = after
        if page and _at(page[0]) < since:
            return [one for page in pages for one in page], True
    return [one for page in pages for one in page], upto == 0


async def _after(call: Call, position: int, until: Instant) -> list[StoredEvent]:
    found: list[StoredEvent] = []
    while len(found) < MOST_EVENTS:
        page = await call.ports.stream.read(position, PAGE)
        found += page
        if len(page) < PAGE or _at(page[-1]) >= until:
            break
        position = page[-1].position
    return found


class _Moment(msgspec.Struct):
    at: float = 0.0


def _at(stored: StoredEvent) -> float:
    try:
        return msgspec.json.decode(stored.data, type=_Moment).at
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0.0  # damaged


def _decoded(stored: list[StoredEvent]) -> list[Event]:
    found = []
    for one in stored:
        try:
            found.append(decode(one.data))
        except msgspec.DecodeError:  # damaged, or of a newer version
            continue
    return found
