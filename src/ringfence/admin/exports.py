"""`/exports`: how far each sink for events has got, and why one takes nothing."""

import asyncio

import msgspec
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.ports import AdminPorts
from ringfence.clock import Instant
from ringfence.policy.exports import sinks_of
from ringfence.policy.model import Policy
from ringfence.store.cursors import Cursor


class SinkState(msgspec.Struct, frozen=True, kw_only=True):
    """One sink."""

    sink: str
    kind: str
    """`file`, `syslog`, `http`, `otlp` or `traces`; of channels `notify.webhook`, `notify.mail` or `notify.syslog`."""
    position: int
    lag: int
    """Events of the stream after it."""
    at: Instant | None
    """When it got that far."""
    failing_since: Instant | None
    failure: str
    given_up: int
    """Alerts that a channel refused to the end."""
    waiting: int
    """Alerts that a channel has not been told of yet."""
    dropped: int
    """Alerts that waited beyond the bound of a channel."""


def export_routes(policy: Policy, ports: AdminPorts) -> list[Route]:
    """Return the route of this resource."""

    async def show(call: Call) -> Answer:
        last = await call.ports.stream.last()
        states = []
        for at, _ in sinks_of(policy):
            name = str(at[-1])
            cursor = await asyncio.to_thread(call.ports.cursor_of, name)
            kind = str(at[-2]) if at[0] == "export" else f"notify.{at[-2]}"
            states.append(_state(name, kind, cursor, last))
        return Answer(Listing(states))

    return [route(ports, "GET", "/exports", show)]


def _state(name: str, kind: str, cursor: Cursor | None, last: int) -> SinkState:
    known = cursor or Cursor()
    return SinkState(
        sink=name,
        kind=kind,
        position=known.position,
        lag=max(0, last - known.position),
        at=known.at or None,
        failing_since=known.failing_since,
        failure=known.failure,
        given_up=known.given_up,
        waiting=known.waiting,
        dropped=known.dropped,
    )
