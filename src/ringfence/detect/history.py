"""What customers and clients did before: the networks, user agents and operations that are usual for each.

A function of the stream, as the engine is: the same events give the same facts. Only what succeeded teaches, so that
nobody teaches us anything by failing. Everything is bounded; who was quiet longest is forgotten first.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from math import asin, cos, radians, sin, sqrt
from typing import Any, Final

import msgspec

from ringfence.clock import Instant, Seconds
from ringfence.detect.derived import ClientNovel, CustomerTravelled, Derived, LoginUnfamiliar
from ringfence.events import Event
from ringfence.events.calls import CallDecided
from ringfence.events.logins import LoginDecided
from ringfence.networks import network_of, prefix_of

Position = tuple[float, float]
"""Latitude and longitude in degrees."""
Positions = Callable[[str], Position | None]
"""Where a network is, if that is known."""

MOST_CUSTOMERS: Final = 100_000
MOST_NAMES: Final = 50_000
"""Names with wrong passwords in the last half hour."""
MOST_CLIENTS: Final = 10_000
USUAL: Final = {"agent": 16, "neighbourhood": 32}
"""User agents and neighbourhoods that are remembered of one customer: the newest."""
MOST_OF_CLIENT: Final = {"operation": 512, "neighbourhood": 256, "agent": 64}
"""Of one client; one that has more, such as an app on customers' devices, has nothing new of that kind any more."""
LEARNING: Final[Seconds] = 86_400.0
"""How long a client is known before anything of it is told to be new."""
FAILURES_WITHIN: Final[Seconds] = 1_800.0
MANY_FAILURES: Final = 5
SHORTEST_HOP: Final[Seconds] = 60.0
"""Time between two logins that a speed is worked out for; one of less counts as this."""
EARTH_KM: Final = 6371.0

_WRONG: Final = frozenset({"login-failed", "login-throttled"})
_AGENTS, _NEIGHBOURHOODS, _PLACE = range(3)


def nowhere(_: str) -> Position | None:
    """Say nothing of where networks are."""
    return None


class History:
    """What is usual, with the facts that follow from what is not."""

    def __init__(self, positions: Positions = nowhere) -> None:
        """Know nobody yet; `positions` says where networks are."""
        self._positions = positions
        self._customers: OrderedDict[str, list[Any]] = OrderedDict()
        """`[agents, neighbourhoods, [at, latitude, longitude] or None]`, the newest last."""
        self._failures: OrderedDict[str, list[float]] = OrderedDict()
        self._clients: OrderedDict[str, tuple[float, dict[str, dict[str, None]]]] = OrderedDict()

    def feed(self, event: Event) -> list[Derived]:
        """Take the next event and return what follows from it."""
        if isinstance(event, CallDecided):
            return self._call(event) if event.allowed and event.client else []
        if isinstance(event, LoginDecided):
            return list(self._login(event))
        return []

    def _call(self, call: CallDecided) -> list[Derived]:
        known = self._clients.get(call.client)
        if known is None:
            known = self._clients[call.client] = (float(call.at), {kind: {} for kind in MOST_OF_CLIENT})
            if len(self._clients) > MOST_CLIENTS:
                self._clients.popitem(last=False)
        else:
            self._clients.move_to_end(call.client)
        since, usual = known
        found: list[Derived] = []
        for what, value in (
            ("operation", call.operation),
            ("neighbourhood", prefix_of(call.network) if call.network else ""),
            ("agent", call.agent),
        ):
            values = usual[what]
            if not value or value in values or len(values) >= MOST_OF_CLIENT[what]:
                continue
            values[value] = None
            if call.at - since >= LEARNING:
                found.append(ClientNovel(call.at, call.correlation, call.client, call.network, what, value))
        return found

    def _login(self, login: LoginDecided) -> Iterator[Derived]:
        if not login.allowed:
            if login.reason in _WRONG and login.username_hash:
                self._failed(login.username_hash, float(login.at))
            return
        if not login.user:
            return
        failures = self._failed_before(login.username_hash, float(login.at))
        before = self._customers.get(login.user)
        around = prefix_of(login.network) if login.network else ""
        if before is not None:
            self._customers.move_to_end(login.user)
            new_agent = bool(login.agent) and login.agent not in before[_AGENTS]
            new_place = bool(around) and around not in before[_NEIGHBOURHOODS]
            if signs := new_agent + new_place + (failures >= MANY_FAILURES):
                yield LoginUnfamiliar(
                    at=login.at,
                    correlation=login.correlation,
                    user=login.user,
                    network=login.network,
                    client=login.client,
                    agent=login.agent,
                    new_agent=new_agent,
                    new_neighbourhood=new_place,
                    failures=failures,
                    signs=signs,
                )
        else:
            before = self._customers[login.user] = [[], [], None]
            if len(self._customers) > MOST_CUSTOMERS:
                self._customers.popitem(last=False)
        _learn(before[_AGENTS], login.agent, USUAL["agent"])
        _learn(before[_NEIGHBOURHOODS], around, USUAL["neighbourhood"])
        if login.network and not login.listed:  # a VPN, a relay or a data centre is not where the customer is
            here = self._positions(network_of(login.network))
            if here is not None:
                if before[_PLACE] is not None and (travelled := _travelled(login, before[_PLACE], here)):
                    yield travelled
                before[_PLACE] = [float(login.at), *here]

    def _failed(self, name: str, at: float) -> None:
        count, since = self._failures.pop(name, (0.0, at))
        self._failures[name] = [1.0, at] if at - since > FAILURES_WITHIN else [count + 1, since]
        if len(self._failures) > MOST_NAMES:
            self._failures.popitem(last=False)

    def _failed_before(self, name: str, at: float) -> int:
        count, since = self._failures.pop(name, (0.0, at))
        return int(count) if at - since <= FAILURES_WITHIN else 0

    def snapshot(self) -> bytes:
        """Return the whole state, to go on from later."""
        return msgspec.msgpack.encode(
            [
                list(self._customers.items()),
                list(self._failures.items()),
                [(client, since, usual) for client, (since, usual) in self._clients.items()],
            ]
        )

    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot."""
        customers, failures, clients = msgspec.msgpack.decode(snapshot)
        self._customers = OrderedDict((user, known) for user, known in customers)
        self._failures = OrderedDict((name, known) for name, known in failures)
        self._clients = OrderedDict((client, (since, usual)) for client, since, usual in clients)


def _learn(values: list[str], value: str, most: int) -> None:
    if not value:
        return
    if value in values:
        values.remove(value)
    values.append(value)
    if len(values) > most:
        del values[0]


def _travelled(login: LoginDecided, before: list[float], here: Position) -> CustomerTravelled | None:
    at, latitude, longitude = before
    km = distance((latitude, longitude), here)
    if km < 1 or login.at < at:
        return None
    hours = max(SHORTEST_HOP, login.at - Instant(at)) / 3600
    return CustomerTravelled(login.at, login.correlation, login.user, login.network, round(km), round(km / hours))


def distance(one: Position, other: Position) -> float:
    """Return the kilometres between two places along the surface of a sphere (the haversine formula)."""
    (a, b), (c, d) = ((radians(degrees) for degrees in place) for place in (one, other))
    half = sin((c - a) / 2) ** 2 + cos(a) * cos(c) * sin((d - b) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))
