"""Do what the policy has done about a security event: no more than it names, and no more than the event is about.  RFC 8935 §2; OpenID CAEP §3; RFC 9470 §3.

Each effect is safe to repeat, so that an event whose effects broke off is simply done again. `risk` and `alert` are
for detection, which reads the event that stands here at the end.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from ringfence.clock import Instant
from ringfence.events.signals import SignalReceived
from ringfence.ids import CorrelationId
from ringfence.oauth.ports import Ports
from ringfence.oauth.revoke import revoke_grant
from ringfence.oauth.session_end import end_session
from ringfence.oauth.signals.event_types import name_of
from ringfence.store.measures import step_up_mark
from ringfence.store.received_model import ReceivedSignal

MOST_GRANTS: Final = 10_000
"""Grants of one customer that are looked at."""

Do = Callable[[ReceivedSignal, Ports, Instant], Awaitable[None]]


async def carry_out(signal: ReceivedSignal, ports: Ports, now: Instant) -> None:
    """Do what an event calls for, and put it on record.

    Raises:
        Unavailable: a store is out; whoever claims the event next does it again.
    """
    for effect in signal.effects:
        if effect in _DO:
            await _DO[effect](signal, ports, now)
    ports.events.emit(
        SignalReceived(
            at=now,
            correlation=signal.correlation,
            transmitter=signal.transmitter,
            kind=name_of(signal.kind),
            jti=signal.jti,
            outcome=signal.outcome,
            user=signal.subject,
            session=signal.session,
            client=signal.client,
            effects=signal.effects,
            network=signal.network,
        )
    )
    await ports.records.settle_received(signal.received_id)


async def demand_again(ports: Ports, now: Instant) -> None:
    """Put back the step-ups that the records know of, should the fast state have been lost.  Raises Unavailable."""
    for signal in await ports.records.standing_step_ups(now):
        await _step_up(signal, ports, now)


async def _end_logins(signal: ReceivedSignal, ports: Ports, now: Instant) -> None:
    """End the one login that is meant, or all; a login is no client's, so that one about a client ends none."""
    if signal.client:
        return
    for session in await ports.records.list_sessions(signal.subject, now):
        if session.authenticated_at <= signal.received_at and signal.session in ("", session.sid):
            await end_session(session, _why(signal), ports, now, signal.correlation, signal.network)


async def _revoke_grants(signal: ReceivedSignal, ports: Ports, now: Instant) -> None:
    """Revoke what the customer has allowed, to the one client that is meant or to all; no grant is one login's."""
    if signal.session:
        return
    for grant in await ports.records.list_grants(signal.client, signal.subject, MOST_GRANTS):
        if grant.revoked_at is None and grant.created_at <= signal.received_at:
            await revoke_grant(grant.grant_id, _why(signal), ports, now, CorrelationId(signal.correlation))


async def _step_up(signal: ReceivedSignal, ports: Ports, now: Instant) -> None:
    """Demand a login by a second factor since the event came."""
    mark = step_up_mark("user", signal.subject)
    await ports.fast.measure([mark], float(signal.received_at), signal.step_up_until, now)


def _why(signal: ReceivedSignal) -> str:
    return f"{name_of(signal.kind)} from {signal.transmitter}"


_DO: Final[dict[str, Do]] = {"end-logins": _end_logins, "revoke-grants": _revoke_grants, "step-up": _step_up}
