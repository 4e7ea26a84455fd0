"""Count what the events tell, in the text form that Prometheus reads.

Events are complete and come from all workers, so nothing is counted on the way of a call. Counters begin with the
process, as Prometheus expects. Every label is bounded: what comes after the first so many is `other`.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ringfence.events import Event
from ringfence.events.actions import PolicyLoaded, RoleExited
from ringfence.events.calls import CallDecided
from ringfence.events.detection import AlertRaised, BlockChanged
from ringfence.events.logins import ConsentDecided, LoginDecided
from ringfence.events.tokens import GrantRevoked, TokenDecided
from ringfence.gateway.overload import Pressure
from ringfence.problem import Reason
from ringfence.store.cursors import Cursor

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OTHER: Final = "other"
MOST_CLIENTS: Final = 200
MOST_CLIENT_REASONS: Final = 20
MOST_OPERATIONS: Final = 1000
"""With a histogram of 17 lines each for two latencies, some 4 MB of text at the most."""
MOST_NAMES: Final = 100
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Bounds of the latency histograms: an own share is 1 to 10 ms, an upstream's 5 ms to its timeout of 15 s."""

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


_SINKS: Final[tuple[tuple[str, str, Callable[[Cursor], float]], ...]] = (
    ("sink_position", "How far events have been taken.", lambda one: one.position),
    ("sink_failing", "Whether nobody takes them at present.", lambda one: one.failing_since is not None),
    ("sink_waiting_alerts", "Alerts that a channel has not been told of yet.", lambda one: one.waiting),
    ("sink_given_up_alerts", "Alerts that a channel refused to the end.", lambda one: one.given_up),
    ("sink_dropped_alerts", "Alerts that waited beyond the bound of a channel.", lambda one: one.dropped),
)
"""Name, meaning and value of what is told of each sink."""

Samples = Mapping[str, list[tuple[Mapping[str, str], float]]]
"""By the sample's name: labels and value."""


class States(msgspec.Struct, frozen=True):
    """What is so at this moment; None: it cannot be told."""

    last_event: int | None = None
    """Position of the newest event."""
    watch_position: int | None = None
    """How far detection has read."""
    journal_bytes: int | None = None
    """Events on their way to the stream."""
    roles: Mapping[str, bool] = {}
    """Whether each role answers."""
    blocks: Mapping[str, int] = {}
    """How many blocks stand, by kind."""
    pressure: Mapping[str, tuple[Pressure, ...]] = {}
    """By gateway worker: how its upstreams stand."""
    sinks: Mapping[str, Cursor | None] = {}
    """How far each sink for events, and each channel for alerts, has got; None: not begun, or it cannot be told."""


async def unknown_states() -> States:
    """Tell nothing."""
    return States()


class Bounded:
    """Takes so many different texts; every further one is `other`."""

    def __init__(self, most: int) -> None:
        """Take up to `most`."""
        self._most = most
        self._known: set[str] = set()

    def __call__(self, text: str) -> str:
        """Return the text, or `other`."""
        if text not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(text)
        return text


class Measures:
    """All counters of one process."""

    def __init__(self) -> None:
        """Start from nothing."""
        self.registry = CollectorRegistry()
        self._client = Bounded(MOST_CLIENTS)
        self._reasons: defaultdict[str, Bounded] = defaultdict(lambda: Bounded(MOST_CLIENT_REASONS))
        self._operation = Bounded(MOST_OPERATIONS)
        self._name = Bounded(MOST_NAMES)
        self._position = 0
        self._calls = self._counter("calls", "Calls through the gateway.", "operation", "outcome", "reason")
        self._clients = self._counter("client_calls", "Calls of each client.", "client", "outcome", "reason")
        self._bytes = self._counter("body_bytes", "Bytes of bodies.", "operation", "direction")
        self._own = self._histogram("gateway_seconds", "Time of a call in the gateway, upstream and queue apart.")
        self._queue = self._histogram("queue_seconds", "Time that calls waited for their turn at the upstream.")
        self._upstream = self._histogram("upstream_seconds", "Time that the upstream took.")
        self._shed = self._counter(
            "calls_shed", "Calls that were refused because the upstream was at its limit.", "upstream", "priority"
        )
        self._logins = self._counter("logins", "Attempts to log in.", "outcome", "reason")
        self._consents = self._counter("consents", "Decisions on the consent page.", "outcome")
        self._tokens = self._counter(
            "token_requests", "Requests of clients.", "endpoint", "grant_type", "outcome", "reason"
        )
        self._revoked = self._counter("grants_revoked", "Grants that ended before their time.")
        self._alerts = self._counter("alerts", "Alerts of detection.", "rule", "level")
        self._blocked = self._counter("blocks_changed", "Blocks set and lifted.", "kind", "change")
        self._exits = self._counter("role_restarts", "Roles that ended unasked and were started again.", "role")
        self._policies = self._counter("policies", "Policies taken up and refused.", "outcome")
        self._counted = self._gauge("counted_position", "How far events have been counted here.")
        self._last = self._gauge("last_event_position", "Position of the newest event.")
        self._watch = self._gauge("watch_position", "How far detection has read.")
        self._lag = self._gauge("watch_lag_events", "Events that detection has not read yet.")
        self._journal = self._gauge("journal_backlog_bytes", "Events on their way to the stream.")
        self._up = self._gauge("role_up", "Whether a role answers.", "role")
        self._standing = self._gauge("blocks", "Blocks that stand.", "kind")
        self._sinks = tuple((self._gauge(name, what, "sink"), read) for name, what, read in _SINKS)
        where = ("upstream", "worker")
        self._limit = self._gauge("upstream_limit", "Calls at once that an upstream gets from a worker.", *where)
        self._in_flight = self._gauge("upstream_in_flight", "Calls under way to an upstream.", *where)
        self._waiting = self._gauge("upstream_waiting", "Calls that wait for their turn.", *where)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"ringfence_{name}", what, labels, registry=self.registry)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"ringfence_{name}", what, labels, registry=self.registry)

    def _histogram(self, name: str, what: str) -> Histogram:
        return Histogram(f"ringfence_{name}", what, ("operation",), buckets=SECONDS, registry=self.registry)

    def feed(self, position: int, event: Event | None) -> None:
        """Count one event; None: one that is not understood."""
        self._position = position
        match event:
            case CallDecided():
                self._call(event)
            case LoginDecided():
                self._logins.labels(_outcome(allowed=event.allowed), self._name(event.reason)).inc()
            case ConsentDecided():
                self._consents.labels(_outcome(allowed=event.allowed)).inc()
            case TokenDecided():
                outcome = _outcome(allowed=event.allowed)
                self._tokens.labels(event.endpoint, self._name(event.grant_type), outcome, event.reason).inc()
            case GrantRevoked():
                self._revoked.inc()
            case AlertRaised():
                self._alerts.labels(self._name(event.rule), event.level).inc()
            case BlockChanged():
                self._blocked.labels(event.kind, "set" if event.until else "lifted").inc()
            case RoleExited():
                self._exits.labels(event.role).inc()
            case PolicyLoaded():
                self._policies.labels("accepted" if event.accepted else "refused").inc()
            case _:
                pass

    def _call(self, event: CallDecided) -> None:
        name = f"{event.api}/{event.version} {event.operation}" if event.operation else ""
        operation = self._operation(name)
        outcome = _outcome(allowed=event.allowed)
        self._calls.labels(operation, outcome, event.reason).inc()
        client = self._client(event.client)
        reason = self._reasons[client](event.reason) if event.reason else ""
        self._clients.labels(client, outcome, reason).inc()
        self._bytes.labels(operation, "request").inc(event.request_bytes)
        self._bytes.labels(operation, "response").inc(max(0, event.response_bytes))
        if event.priority and event.reason == Reason.OVERLOADED.value:
            self._shed.labels(self._name(f"{event.api}/{event.version}"), event.priority).inc()
        if event.queued_micros:
            self._queue.labels(operation).observe(event.queued_micros / 1e6)
        self._own.labels(operation).observe(max(0, event.micros - event.upstream_micros - event.queued_micros) / 1e6)
        if event.upstream_micros:
            self._upstream.labels(operation).observe(event.upstream_micros / 1e6)

    def samples(self) -> Samples:
        """Return everything that has been counted."""
        found: defaultdict[str, list[tuple[Mapping[str, str], float]]] = defaultdict(list)
        for metric in self.registry.collect():
            for sample in metric.samples:
                found[sample.name].append((sample.labels, sample.value))
        return found

    def text(self, states: States) -> bytes:
        """Return everything in Prometheus' text form."""
        self._counted.set(self._position)
        for gauge, value in (
            (self._last, states.last_event),
            (self._watch, states.watch_position),
            (self._journal, states.journal_bytes),
            (self._lag, _lag(states)),
        ):
            gauge.set(float("nan") if value is None else value)
        for labelled, values in ((self._up, states.roles), (self._standing, states.blocks)):
            labelled.clear()
            for name, number in values.items():
                labelled.labels(name).set(number)
        for gauge, read in self._sinks:
            gauge.clear()
            for name, cursor in states.sinks.items():
                gauge.labels(name).set(float("nan") if cursor is None else read(cursor))
        for gauge in (self._limit, self._in_flight, self._waiting):
            gauge.clear()
        for worker, upstreams in states.pressure.items():
            for one in upstreams:
                self._limit.labels(one.upstream, worker).set(one.limit)
                self._in_flight.labels(one.upstream, worker).set(one.in_flight)
                self._waiting.labels(one.upstream, worker).set(one.waiting)
        return prometheus_client.generate_latest(self.registry)


def _outcome(*, allowed: bool) -> str:
    return "allowed" if allowed else "refused"


def _lag(states: States) -> int | None:
    if states.last_event is None or states.watch_position is None:
        return None
    return max(0, states.last_event - states.watch_position)
