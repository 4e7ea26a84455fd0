"""Take a security event of somebody whom the policy names: verified, once, and with no more effect than the policy allows.  RFC 8935 §2; RFC 8417 §2, §4.6.

What is taken stands in the records before anybody is answered, together with what it calls for. Of many who bring the
same event one has it done; should that one die, the event is due for another.
"""

from collections.abc import Sequence
from typing import Any, Final

from ringfence.clock import Instant, Seconds
from ringfence.message import Request
from ringfence.oauth.answers import empty_response
from ringfence.oauth.exchange import Exchange, Outcome, Server
from ringfence.oauth.signals.effects import carry_out
from ringfence.oauth.signals.event_types import ABOUT_THE_STREAM, NAMES, STREAM_UPDATED, VERIFICATION, is_harmless
from ringfence.oauth.signals.subjects import NOBODY, Meant, whom
from ringfence.oauth.signals.transmitters import Known
from ringfence.problem import Reason, Refused
from ringfence.proofs.security_event import (
    KIND,
    SecurityEvent,
    event_id,
    peek_issuer,
    verify_security_event,
)
from ringfence.store.received_model import Outcome as Came
from ringfence.store.received_model import ReceivedSignal

MEDIA_TYPE: Final = "application/secevent+jwt"

AGAIN_AFTER: Final[Seconds] = 30.0
"""When another process does what an event calls for, if it is not done by then."""

HOUR: Final[Seconds] = 3600.0

_ACCEPTED: Final = 202
_BEARER: Final = "bearer "
_STATUSES: Final = frozenset({"enabled", "paused", "disabled"})


async def receive(exchange: Exchange, server: Server) -> Outcome:
    """Take one event that is pushed to us; one that was taken before is answered alike, and does nothing.

    Raises:
        Refused: UNKNOWN_PATH, MEDIA_TYPE, SIGNALS_TOO_MANY or a SIGNAL_… reason.
        Unavailable: the records are out, or the transmitter's token cannot be read.
    """
    request = exchange.request
    transmitter = server.profile.transmitters.get(request.path.rpartition("/")[2])
    if transmitter is None or transmitter.rule.push is None:
        raise Refused(Reason.UNKNOWN_PATH)
    _authenticate(request.all_headers("authorization"), transmitter.rule.push.token_file, server)
    try:
        raw = _event_in(request)
        await take(raw, transmitter, server, exchange.now, request.correlation, request.peer.address)
    except Refused as refused:
        await note_refusal(transmitter, refused, server, exchange.now)
        raise
    return Outcome(empty_response(_ACCEPTED))


async def note_refusal(transmitter: Known, refused: Refused, server: Server, now: Instant) -> None:
    """Keep why an event of somebody who is who they say was refused.  Raises Unavailable."""
    why = f"{refused.reason.value}: {refused.detail}" if refused.detail else refused.reason.value
    await server.ports.records.count_refusal(transmitter.name, why, now)


async def take(
    raw: str, transmitter: Known, server: Server, now: Instant, correlation: str, network: str = ""
) -> SecurityEvent:
    """Verify an event, keep it, and do what it calls for where nobody has had it before.

    Args:
        raw: the compact JWS.
        transmitter: who brings it, authenticated.
        server: settings and ports.
        now: the present.
        correlation: of the call that brings it.
        network: where it came from.

    Returns:
        The event, whether it was new or not.

    Raises:
        Refused: SIGNALS_TOO_MANY or a SIGNAL_… reason; nothing was kept.
        Unavailable: the records are out; it may have been kept, and will be done if it was.
    """
    event = await _verified(raw, transmitter, server, now)
    records = server.ports.records
    if event.kind in ABOUT_THE_STREAM:
        signal = _kept(event, transmitter, NOBODY, "noted", now, correlation, network)
    else:
        name = NAMES.get(event.kind)
        if name is None or name not in transmitter.rule.events:
            raise Refused(Reason.SIGNAL_DENIED, "this event type is not agreed", private=event.kind)
        meant = await whom(event.subject, transmitter, server, now)
        signal = _kept(event, transmitter, meant, _outcome(event, transmitter, meant), now, correlation, network)
    taken = await records.take_signal(signal, transmitter.rule.acts_per_hour, Instant(now - HOUR))
    if taken == "too-many":
        raise Refused(Reason.SIGNALS_TOO_MANY, headers=(("retry-after", "60"),))
    if taken == "new":
        await _note_stream(event, transmitter, server, now)
        await carry_out(signal, server.ports, now)
    return event


async def _verified(raw: str, transmitter: Known, server: Server, now: Instant) -> SecurityEvent:
    rule, keys = transmitter.rule, transmitter.keys
    if peek_issuer(raw) != rule.issuer:
        raise Refused(Reason.SIGNAL_ISSUER)
    if rule.jwks_uri:
        keys = await server.ports.set_keys.at(rule.jwks_uri, raw, KIND, Reason.SIGNAL_KEY)
    return verify_security_event(
        raw,
        issuer=rule.issuer,
        audience=transmitter.audience,
        keys=keys,
        algorithms=rule.algorithms,
        max_age=rule.max_age_seconds,
        now=now,
        skew=server.profile.skew,
    )


def _event_in(request: Request) -> str:
    """Return the event that is the body.  Raises Refused SIGNAL_REQUEST."""
    kinds = request.all_headers("content-type")
    if len(kinds) != 1 or kinds[0].partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise Refused(Reason.SIGNAL_REQUEST, f"send {MEDIA_TYPE}")
    if request.query or request.all_headers("content-encoding"):
        raise Refused(Reason.SIGNAL_REQUEST, "send the event as it is, in the body alone")
    return request.body.decode("ascii", "replace")


def _authenticate(presented: Sequence[str], token_file: str, server: Server) -> None:
    """Return if whoever calls has the transmitter's bearer token.  Raises Refused, Unavailable."""
    secret = server.ports.transmitters.secret(token_file)
    scheme = presented[0][: len(_BEARER)].lower() if len(presented) == 1 else ""
    if scheme != _BEARER or not secret.matches(presented[0][len(_BEARER) :].strip()):
        raise Refused(Reason.SIGNAL_AUTHENTICATION, headers=(("www-authenticate", "Bearer"),))


def _outcome(event: SecurityEvent, transmitter: Known, meant: Meant) -> Came:
    if not meant.user:
        return "nobody"
    if is_harmless(event.kind, event.details):
        return "harmless"
    return "acts" if transmitter.rule.events[NAMES[event.kind]] else "noted"


def _kept(
    event: SecurityEvent,
    transmitter: Known,
    meant: Meant,
    outcome: Came,
    now: Instant,
    correlation: str,
    network: str,
) -> ReceivedSignal:
    rule = transmitter.rule
    effects: tuple[str, ...] = rule.events[NAMES[event.kind]] if outcome == "acts" else ()
    return ReceivedSignal(
        received_id=event_id(transmitter.name, event.jti),
        transmitter=transmitter.name,
        jti=event.jti,
        kind=event.kind,
        outcome=outcome,
        subject=meant.user,
        session=meant.session,
        client=meant.client,
        effects=effects,
        acts=len(effects),
        correlation=correlation,
        network=network,
        received_at=now,
        step_up_until=Instant(now + rule.step_up_seconds) if "step-up" in effects else Instant(0.0),
        due_at=Instant(now + AGAIN_AFTER),
        expires_at=Instant(max(event.issued_at + rule.max_age_seconds, now + rule.step_up_seconds) + HOUR),
    )


async def _note_stream(event: SecurityEvent, transmitter: Known, server: Server, now: Instant) -> None:
    """Keep what an event says of its stream."""
    noted: dict[str, Any] = {}
    if event.kind == VERIFICATION:
        noted["verified_at"] = now
    status = event.details.get("status")
    if event.kind == STREAM_UPDATED and isinstance(status, str) and status in _STATUSES:
        noted["stream_status"] = status
    if noted:
        await server.ports.records.note_transmitter(transmitter.name, **noted)
