"""Take our own events to the clients that may know of them: signed, and kept until they acknowledge.  RFC 8417 §2; RFC 9493 §3.2.3; OpenID Shared Signals Framework §4.

A client is told of a customer only while it holds a grant of theirs, and under the `sub` that it knows them by.
"""

import base64
import hashlib
from typing import Any, Final, Protocol

import msgspec
import structlog

from ringfence.clock import Instant
from ringfence.events import decode
from ringfence.oauth.exchange import Server
from ringfence.oauth.signals.caep import NAMES, SUPPORTED, Signal, signal_of
from ringfence.oauth.tokens import subject_of
from ringfence.store.interface import StoredEvent
from ringfence.store.model import Client
from ringfence.store.signals_model import PendingSignal, SignalStream

_log = structlog.get_logger("ringfence.signals")

MOST_PENDING: Final = 10_000
"""Events that a stream holds; beyond that the oldest go, which the stream's status tells."""

AT_ONCE: Final = 500
"""Events that are read in one go."""

_HEAD: Final = b'{"event":"'
"""How an event's JSON begins, so that calls, which are most of them, need not be read (`events.encode`)."""


class Events(Protocol):
    """The part of the event stream that is read."""

    async def last(self) -> int:
        """Return the position of the newest event.  Raises Unavailable."""
        ...

    async def read(self, after: int, limit: int) -> list[StoredEvent]:
        """Return events after a position.  Raises Unavailable."""
        ...


async def feed(server: Server, events: Events, after: int | None) -> int:
    """Keep what clients are to be told of the next events; done again from the same position, it adds nothing.

    Args:
        server: settings and ports.
        events: our own.
        after: position of the last event that is done with; None: begin with the newest.

    Returns:
        The position of the last event that is done with now.

    Raises:
        Unavailable: a store or the signer is out; nothing is lost.
        KeyUnusable: the signer takes no security events.
    """
    last = await events.last()
    if after is None or not await server.ports.records.has_signal_streams():
        return last
    after = after if after <= last else 0  # it is another stream than before: the old one is gone
    for stored in await events.read(after, AT_ONCE):
        after = stored.position
        signal = _signal_in(stored.data)
        if signal is not None:
            await _tell(signal, stored, server)
    return after


def claims_of(signal: Signal, client: Client, jti: str, server: Server, now: Instant) -> dict[str, Any]:
    """Return the claims of a SET about a customer: one event, and neither `sub` nor `exp`, as for no token."""
    issuer = server.profile.issuer
    subject = {"format": "iss_sub", "iss": issuer, "sub": subject_of(client, signal.user, server)}
    return set_claims(issuer, client.client_id, jti, now, subject, {signal.kind: signal.details}) | {
        "txn": signal.correlation
    }


def set_claims(
    issuer: str, audience: str, jti: str, now: Instant, subject: dict[str, str], events: dict[str, Any]
) -> dict[str, Any]:
    """Return the claims that each SET has.  RFC 8417 §2.2."""
    return {"iss": issuer, "aud": audience, "jti": jti, "iat": int(now), "sub_id": subject, "events": events}


def wants(stream: SignalStream, kind: str) -> bool:
    """Say whether a stream is for events of this type."""
    return not stream.events_requested or kind in stream.events_requested


def delivered(stream: SignalStream) -> list[str]:
    """Return the event types that a stream brings."""
    return [kind for kind in SUPPORTED if wants(stream, kind)]


def _signal_in(data: bytes) -> Signal | None:
    kind = data[len(_HEAD) : data.find(b'"', len(_HEAD))] if data.startswith(_HEAD) else b""
    if kind not in NAMES:
        return None
    try:
        return signal_of(decode(data))
    except msgspec.ValidationError as why:
        _log.warning("an event of another version is not told", why=str(why))
        return None


async def _tell(signal: Signal, stored: StoredEvent, server: Server) -> None:
    records = server.ports.records
    if signal.client:
        streams = [one for one in [await records.signal_stream(signal.client)] if one is not None]
    else:
        streams = await records.signal_streams_about(signal.user, signal.at)
    from_client = await _told_us(signal, server) if streams else ""
    for stream in streams:
        if stream.client_id == from_client:
            continue
        if stream.status == "disabled" or not wants(stream, signal.kind) or signal.at < stream.created_at:
            continue
        if await records.is_passed_over(stream.stream_id, signal.user):
            continue
        client = await records.client(stream.client_id)
        if client is None:
            continue
        now = server.ports.clock()
        jti = _jti(stream, stored)
        token = await server.ports.sets.sign(claims_of(signal, client, jti, server, now))
        pending = PendingSignal(stream_id=stream.stream_id, jti=jti, token=token, created_at=now)
        if dropped := await records.keep_signal(pending, MOST_PENDING):
            _log.warning("events given up: the client acknowledges none", client=client.client_id, dropped=dropped)


async def _told_us(signal: Signal, server: Server) -> str:
    """Return the client that told us of this itself, so that it is not told again; or `""`."""
    clients = {known.name: known.rule.client for known in server.profile.transmitters.values() if known.rule.client}
    return clients.get(await server.ports.records.received_from(signal.correlation), "") if clients else ""


def _jti(stream: SignalStream, stored: StoredEvent) -> str:
    """Return the SET's id: of the same event for the same stream always the same."""
    digest = hashlib.sha256(f"{stream.stream_id}|{stored.position}|".encode() + stored.data).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")
