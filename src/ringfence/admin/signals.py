"""`/signals`: how events reach clients, and whether those who send us events are there.  RFC 8935 §2; RFC 8936 §2; OpenID Shared Signals Framework §8.1."""

from typing import Literal

import msgspec
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.ports import AdminPorts
from ringfence.clock import Instant
from ringfence.policy.model import Policy
from ringfence.policy.signals_model import Transmitter
from ringfence.store.push_model import StreamState
from ringfence.store.received_model import TransmitterState

Standing = Literal["ok", "unheard", "silent", "failing", "paused", "disabled"]


class StreamView(msgspec.Struct, frozen=True, kw_only=True):
    """A client's stream."""

    client_id: str
    stream_id: str
    method: Literal["push", "poll"]
    status: str
    reason: str
    endpoint_url: str
    """Where it is pushed to; empty where the client polls."""
    pending: int
    """Events that wait."""
    oldest_at: Instant | None
    dropped: int
    """Events that were given up because too many waited."""
    accepted: int
    """Events that were pushed and taken."""
    accepted_at: Instant | None
    refused: int
    """Events that the receiver would not have."""
    attempts: int
    """Failed ones, in a row."""
    failing_since: Instant | None
    error: str
    due_at: Instant | None
    """When it is tried again; None: nothing is put off."""
    verified_at: Instant | None


class TransmitterView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who sends us events."""

    name: str
    issuer: str
    ways: tuple[str, ...]
    """`push`, `poll` or both."""
    standing: Standing
    received: int
    heard_at: Instant | None
    verified_at: Instant | None
    stream_status: str
    refused: int
    error: str
    """Why the last event that was refused was."""
    error_at: Instant | None
    polled_at: Instant | None
    poll_error: str
    failing_since: Instant | None


def signal_routes(policy: Policy, ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""

    async def transmitters(call: Call) -> Answer:
        known = {state.name: state for state in await call.ports.records.transmitter_states()}
        found = [
            _transmitter(rule, known.get(name, TransmitterState(name=name)), call.now)
            for name, rule in policy.signals.transmitters.items()
        ]
        return Answer(Listing(found))

    return [
        route(ports, "GET", "/signals/streams", _streams),
        route(ports, "GET", "/signals/transmitters", transmitters),
    ]


def standing_of(rule: Transmitter, state: TransmitterState, now: Instant) -> Standing:
    """Return how a transmitter is, in one word: the worst that is known of it."""
    if state.failing_since is not None:
        return "failing"
    if state.stream_status == "paused":
        return "paused"
    if state.stream_status == "disabled":
        return "disabled"
    last = max((at for at in (state.heard_at, state.polled_at) if at is not None), default=None)
    if last is None:
        return "unheard"
    return "silent" if last + rule.silent_after_seconds <= now else "ok"


async def _streams(call: Call) -> Answer:
    return Answer(Listing([_stream(state, call.now) for state in await call.ports.records.signal_states()]))


def _stream(state: StreamState, now: Instant) -> StreamView:
    push = state.push
    return StreamView(
        client_id=state.client_id,
        stream_id=state.stream_id,
        method="push" if push else "poll",
        status=state.status,
        reason=state.reason,
        endpoint_url=push.endpoint_url if push else "",
        pending=state.pending,
        oldest_at=state.oldest_at,
        dropped=state.dropped,
        accepted=push.accepted if push else 0,
        accepted_at=push.accepted_at if push else None,
        refused=push.refused if push else 0,
        attempts=push.attempts if push else 0,
        failing_since=push.failing_since if push else None,
        error=push.error if push else "",
        due_at=push.due_at if push and push.due_at > now else None,
        verified_at=state.verified_at,
    )


def _transmitter(rule: Transmitter, state: TransmitterState, now: Instant) -> TransmitterView:
    ways = [name for name, way in (("push", rule.push), ("poll", rule.poll)) if way is not None]
    return TransmitterView(
        name=state.name,
        issuer=rule.issuer,
        ways=tuple(ways),
        standing=standing_of(rule, state, now),
        received=state.received,
        heard_at=state.heard_at,
        verified_at=state.verified_at,
        stream_status=state.stream_status,
        refused=state.refused,
        error=state.error,
        error_at=state.error_at,
        polled_at=state.polled_at,
        poll_error=state.poll_error,
        failing_since=state.failing_since,
    )
