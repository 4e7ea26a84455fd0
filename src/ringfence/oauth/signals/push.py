"""Push a stream's events to its receiver, one after the other, until it has taken them.  RFC 8935 §2, §2.3, §2.4, §4.

Whoever pushes a stream holds it: before each event the hold is renewed by a compare-and-set, which fails where another
has it by now, or where it has been paused. An event stays in the records until the receiver has answered 202.
"""

from typing import Any, Final

import msgspec
import structlog

from ringfence.clock import Instant, Seconds
from ringfence.events.signals import SignalPushed
from ringfence.fetching import Answered, Deliverer, Unfetchable, read_target
from ringfence.ids import new_correlation_id
from ringfence.keys.sealing import Unsealable
from ringfence.oauth.checks.scope import SIGNALS_MANAGE, SIGNALS_READ
from ringfence.oauth.exchange import Server
from ringfence.store.push_model import SignalPush
from ringfence.store.signals_model import PendingSignal

_log = structlog.get_logger("ringfence.signals")

MEDIA_TYPE: Final = "application/secevent+jwt"
ACCEPTED: Final = 202
REFUSED: Final = 400

HOLD: Final[Seconds] = 15.0
"""How long a stream is held before each event: several times what a post may take. After a crash others wait this long."""

AT_ONCE: Final = 50
"""Events of one stream before it is another one's turn."""

FIRST_PAUSE: Final[Seconds] = 1.0
"""After the first failure; each pause is twice the one before."""

LONGEST_PAUSE: Final[Seconds] = 300.0

MOST_REFUSALS: Final = 5
"""So often is an event sent again that the receiver refuses for what it is: its keys may be a moment old."""

ABOUT_THE_WAY: Final = frozenset({"authentication_failed", "invalid_key"})
"""Errors that the next event would meet as well: they are waited out, whatever it takes."""

LONGEST_TOLD: Final = 200


class _Failed(Exception):
    """It was not taken; the text is for operators. `final`: the receiver will not have this one."""

    def __init__(self, why: str, *, final: bool = False) -> None:
        super().__init__(why)
        self.final = final


def pause_after(attempts: int) -> Seconds:
    """Return how long to wait after so many failures in a row."""
    return min(FIRST_PAUSE * 2.0 ** min(attempts - 1, 20), LONGEST_PAUSE)


async def push_stream(push: SignalPush, server: Server, way: Deliverer) -> int:
    """Push what a stream holds, as long as the receiver takes it; return how many events it took.

    Args:
        push: claimed by this caller.
        server: settings and ports.
        way: the guarded way out.

    Raises:
        Unavailable: the records are out; whoever holds the stream next goes on where this one was.
    """
    records, taken = server.ports.records, 0
    attempts, refusals = push.attempts, push.refusals
    for signal in await records.pending_signals(push.stream_id, AT_ONCE):
        now = server.ports.clock()
        if not await records.hold_push(push.stream_id, push.pusher, now, Instant(now + HOLD)):
            return taken
        try:
            await _require_right(push, server)
            await _post(signal, push, server, way)
        except _Failed as failure:
            attempts, refusals = attempts + 1, refusals + failure.final
            if refusals >= MOST_REFUSALS:
                await records.push_refused(push.stream_id, signal.jti, str(failure))
                _emit(signal, push, attempts, server, str(failure), given_up=True)
                attempts, refusals = 0, 0
                continue
            now = server.ports.clock()
            await records.put_off_push(push, str(failure), refusals, now, Instant(now + pause_after(attempts)))
            if attempts == 1:
                _emit(signal, push, attempts, server, str(failure))
            _log.warning("event not pushed", client=push.client_id, attempts=attempts, why=str(failure))
            return taken
        await records.push_taken(push.stream_id, signal.jti, server.ports.clock())
        _emit(signal, push, attempts, server)
        attempts, refusals, taken = 0, 0, taken + 1
    await records.release_push(push.stream_id, push.pusher)
    return taken


async def _require_right(push: SignalPush, server: Server) -> None:
    """Return if the client may still have events, as it would have to for polling.  Raises _Failed, Unavailable."""
    client = await server.ports.records.client(push.client_id)
    if client is None or client.status != "active":
        raise _Failed("the client is suspended")
    if not {SIGNALS_MANAGE, SIGNALS_READ} & set(client.scopes):
        raise _Failed("the client is not registered for security events any more")


async def _post(signal: PendingSignal, push: SignalPush, server: Server, way: Deliverer) -> None:
    """Return once the receiver has taken the event.  Raises _Failed."""
    try:
        authorization = server.ports.sealer.unseal(push.sealed, push.stream_id).decode() if push.sealed else ""
        target = read_target(push.endpoint_url)
        answered = await way.deliver(target, signal.token.encode("ascii"), MEDIA_TYPE, authorization)
    except Unsealable:
        raise _Failed("its authorization_header was sealed under another key: it has to be sent anew") from None
    except Unfetchable as why:
        raise _Failed(_told(str(why))) from None
    if answered.status != ACCEPTED:
        raise _failure(answered)


def _failure(answered: Answered) -> _Failed:
    """Return why an event was not taken, from the answer's own words where it is one of RFC 8935 §2.3."""
    if answered.status != REFUSED:
        return _Failed(f"answered {answered.status}")
    try:
        said: Any = msgspec.json.decode(answered.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = None
    error = said.get("err") if isinstance(said, dict) else None
    if not isinstance(error, str) or not error:
        return _Failed(f"answered {answered.status} without an error of RFC 8935")
    description = said.get("description")
    told = f"{error}: {description}" if isinstance(description, str) and description else error
    return _Failed(_told(told), final=error not in ABOUT_THE_WAY)


def _told(text: str) -> str:
    """Return what somebody else wrote, short and in characters that nothing obeys."""
    return "".join(c if " " <= c <= "~" else "?" for c in text[:LONGEST_TOLD])


def _emit(
    signal: PendingSignal, push: SignalPush, attempts: int, server: Server, private: str = "", *, given_up: bool = False
) -> None:
    server.ports.events.emit(
        SignalPushed(
            at=server.ports.clock(),
            correlation=new_correlation_id(server.ports.random),
            client=push.client_id,
            jti=signal.jti,
            delivered=not private,
            attempts=attempts,
            given_up=given_up,
            private=private,
        )
    )
