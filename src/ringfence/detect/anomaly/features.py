"""What one entity did in five minutes, in thirteen numbers: counts as logarithms, surprise in nats.

Events carry no identifiers of objects, so what is told apart is the other side: a partner's grants, a network's
customers, a customer's clients. What an entity is known to deal with is kept as short hashes, the oldest going first.
"""

import math
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from ringfence.events import Event
from ringfence.events.calls import CallDecided
from ringfence.events.logins import LoginDecided
from ringfence.events.tokens import TokenDecided
from ringfence.networks import network_of, prefix_of

FEATURES: Final = (
    "calls", "errors", "refused", "failed_logins", "routes", "others", "new_others", "bytes", "refused_share",
    "odd_hour", "new_places", "odd_order", "odd_step",
)  # fmt: skip
CALLS, ERRORS, REFUSED, FAILED, ROUTES, OTHERS, NEW_OTHERS, BYTES, SHARE, HOUR, PLACES, ORDER, STEP = range(13)
KINDS: Final = ("user", "client", "network", "name", "everyone")
EVERYONE: Final = "everyone"
MOST_TOLD_APART: Final = 256
"""Routes and others of one window; more change nothing."""
_ERROR: Final = 400

Key = tuple[str, str]


class Seen(NamedTuple):
    """What an event says, whoever it is about."""

    step: str
    """The operation, or what stands for one: what an order is made of."""
    route: str
    refused: bool
    error: bool
    failed: bool
    size: int
    place: str
    """The neighbourhood of the network."""
    trail: str
    """Within which the order of steps means something."""
    client: str
    about: tuple[tuple[str, str, str], ...]
    """Kind, value, and whom this entity dealt with."""


def seen_in(event: Event) -> Seen | None:
    """Return what an event says; None for kinds that no entity is measured by."""
    match event:
        case CallDecided():
            network = network_of(event.network)
            about: tuple[tuple[str, str, str], ...] = (
                ("user", event.user, event.client),
                ("client", event.client, event.grant),
            )
            about += (("network", network, event.user or event.client), (EVERYONE, EVERYONE, network))
            failed, step, route = False, event.operation or "nowhere", event.operation or event.path
            error, size = event.status >= _ERROR, max(0, event.response_bytes)
            trail = event.grant or network
        case LoginDecided():
            network = network_of(event.network)
            about = (("network", network, event.username_hash), ("name", event.username_hash, network))
            about += ((EVERYONE, EVERYONE, event.username_hash),)
            failed, error, size, step = not event.allowed, False, 0, "login" if event.allowed else "login-refused"
            route, trail = "login", event.username_hash
        case TokenDecided():
            network = network_of(event.network)
            about = (("client", event.client, event.grant), ("network", network, event.client))
            failed, error, size, step = False, not event.allowed, 0, "token"
            route, trail = "token", event.grant or network
        case _:
            return None
    named = tuple(one for one in about if one[1])
    place = prefix_of(event.network) if event.network else ""
    return Seen(step, route, not event.allowed, error, failed, size, place, trail, event.client, named)


class Window:
    """What one entity does in the window that is open."""

    __slots__ = ("bytes", "calls", "errors", "evidence", "failed", "new_others", "order", "others", "places", "refused",
                 "routes", "step", "steps")  # fmt: skip

    def __init__(self) -> None:
        """Begin with nothing."""
        self.calls = self.errors = self.refused = self.failed = self.new_others = self.places = self.steps = 0
        self.bytes = 0
        self.order = self.step = 0.0
        self.routes: set[str] = set()
        self.others: set[str] = set()
        self.evidence: list[tuple[int, str]] = []

    def add(self, seen: Seen, other: str, surprise: float) -> None:
        """Count an event."""
        self.calls += 1
        self.errors += seen.error and not seen.refused
        self.refused += seen.refused
        self.failed += seen.failed
        self.bytes += seen.size
        if len(self.routes) < MOST_TOLD_APART:
            self.routes.add(seen.route)
        if other and len(self.others) < MOST_TOLD_APART:
            self.others.add(other)
        self.order += surprise
        self.steps += 1
        self.step = max(self.step, surprise)

    def vector(self, odd_hour: float) -> tuple[float, ...]:
        """Return the features, in the order of `FEATURES`."""
        log = math.log1p
        return (
            log(self.calls), log(self.errors), log(self.refused), log(self.failed), log(len(self.routes)),
            log(len(self.others)), log(self.new_others), log(self.bytes / 1024.0),
            math.log((self.refused + 0.5) / (self.calls - self.refused + 0.5)),
            odd_hour, log(self.places), self.order / max(1, self.steps), self.step,
        )  # fmt: skip

    def snapshot(self) -> list[Any]:
        """Return the state as plain values."""
        return [getattr(self, name) if not isinstance(getattr(self, name), set) else sorted(getattr(self, name))
                for name in self.__slots__]  # fmt: skip

    @classmethod
    def restored(cls, saved: Iterable[Any]) -> "Window":
        """Return the window of a snapshot."""
        made = cls()
        for name, value in zip(cls.__slots__, saved, strict=True):
            setattr(made, name, set(value) if name in {"routes", "others"} else value)
        made.evidence = [(int(position), str(correlation)) for position, correlation in made.evidence]
        return made
