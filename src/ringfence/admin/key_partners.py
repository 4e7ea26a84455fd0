"""Which partners a key has to do with: those that hold tokens it signed, by the event stream, or whose data keys it wraps."""

from typing import Any, Final

from ringfence.clock import Seconds
from ringfence.events import decode
from ringfence.events.tokens import TokenDecided
from ringfence.keys.tenants import client_of
from ringfence.store.interface import EventStream

PAGE: Final = 1000

SLACK: Final[Seconds] = 5.0
"""An event's time is that of its request's start; its signature's is a little later."""

_MARK: Final = b'"token.decided.v1"'
_ISSUES: Final = frozenset({"token"})
"""Endpoints that issue tokens."""


async def partners_of(stream: EventStream, touched: dict[str, Any]) -> list[str]:
    """Return the ids of clients that were given tokens while a key was in use, or that it wraps data keys of; in order.

    Args:
        stream: the events of all roles.
        touched: what the signer says of the key: `key`, `tenants`, `first_use` and `last_use`.

    Raises:
        Unavailable: the stream cannot be read.
    """
    first, last = touched["first_use"], touched["last_use"]
    if touched["key"]["purpose"] != "token" or first is None:
        return sorted(filter(None, map(client_of, touched["tenants"])))
    found: set[str] = set()
    after = await _position_of(stream, first - SLACK)
    while page := await stream.read(after, PAGE):
        after = page[-1].position
        for stored in page:
            if _MARK not in stored.data:
                continue
            event = decode(stored.data)
            if not isinstance(event, TokenDecided):
                continue
            if event.at > last + SLACK:
                return sorted(found)
            if event.allowed and event.endpoint in _ISSUES and event.at >= first - SLACK:
                found.add(event.client)
    return sorted(found)


async def _position_of(stream: EventStream, moment: float) -> int:
    """Return a position before the first event of that time, by halving: events stand nearly in the order of time."""
    low, high = 0, await stream.last()
    while low < high:
        middle = (low + high) // 2
        page = await stream.read(middle, 1)
        if page and decode(page[0].data).at < moment:
            low = page[0].position
        else:
            high = middle
    return max(0, low - PAGE)
