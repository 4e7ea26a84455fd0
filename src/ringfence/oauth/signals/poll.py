"""Give a client its events, again and again until it acknowledges them.  RFC 8936 §2.

Nothing is claimed by a poll: several at once are given the same, and none of them can lose it for the others.
"""

import asyncio
from typing import Any, Final

import structlog

from ringfence.clock import Seconds
from ringfence.oauth.answers import json_response
from ringfence.oauth.exchange import Exchange, Outcome, Server
from ringfence.oauth.json_body import read_object
from ringfence.oauth.signals.own_stream import LONGEST_TEXT, own_stream, receiver
from ringfence.problem import Reason, Refused
from ringfence.store.signals_model import PendingSignal

_log = structlog.get_logger("ringfence.signals")

MOST_AT_ONCE: Final = 50
"""Events in one answer, however many the client would take."""

MOST_SETTLED: Final = 500
"""Events that are acknowledged or refused in one request."""

LOOK_EVERY: Final[Seconds] = 0.5

LOOKS: Final = 20
"""How often is looked before an empty answer is given: ten seconds, less than any proxy on the way waits."""

_waiting: set[str] = set()
"""Streams that somebody waits at: a second one is answered at once, so that waiting costs a client's peers nothing."""


async def poll(exchange: Exchange, server: Server) -> Outcome:
    """Let go of what the client acknowledges, and return what it has not had yet.

    Raises:
        Refused: as `receiver` and `read_object`; NOT_FOUND, OAUTH_REQUEST, CONFLICT where the events are pushed.
    """
    client_id = await receiver(exchange, server)
    body = read_object(exchange.request)
    settled = _settled(body)
    most, at_once = _most(body), body.get("returnImmediately", False)
    if not isinstance(at_once, bool):
        raise Refused(Reason.OAUTH_REQUEST, "returnImmediately is true or false")
    stream = await own_stream(client_id, server)
    if await server.ports.records.signal_push(stream.stream_id) is not None:
        raise Refused(Reason.CONFLICT, "the events of this stream are pushed")
    if settled:
        await server.ports.records.acknowledge_signals(stream.stream_id, settled)
    if refused := body.get("setErrs"):
        _log.warning("events refused by their receiver", client=client_id, count=len(refused))
    held: list[PendingSignal] = []
    if stream.status == "enabled":
        held = await _held(stream.stream_id, most, server, wait=not at_once and most > 0)
    sets = {signal.jti: signal.token for signal in held[:most]}
    return Outcome(json_response({"sets": sets, "moreAvailable": len(held) > len(sets)}))


async def _held(stream_id: str, most: int, server: Server, *, wait: bool) -> list[PendingSignal]:
    """Return up to `most` events and one more where there is one; waits for the first where it is to."""
    held = await server.ports.records.pending_signals(stream_id, most + 1)
    if held or not wait or stream_id in _waiting:
        return held
    _waiting.add(stream_id)
    try:
        for _ in range(LOOKS):
            await asyncio.sleep(LOOK_EVERY)
            if held := await server.ports.records.pending_signals(stream_id, most + 1):
                break
    finally:
        _waiting.discard(stream_id)
    return held


def _most(body: dict[str, Any]) -> int:
    most = body.get("maxEvents", MOST_AT_ONCE)
    if not isinstance(most, int) or isinstance(most, bool) or most < 0:
        raise Refused(Reason.OAUTH_REQUEST, "maxEvents is a number, 0 or more")
    return min(most, MOST_AT_ONCE)


def _settled(body: dict[str, Any]) -> list[str]:
    """Return the ids that need not come again: what is refused for good is as settled as what is taken."""
    taken, refused = body.get("ack", []), body.get("setErrs", {})
    if not isinstance(taken, list) or not isinstance(refused, dict) or len(taken) + len(refused) > MOST_SETTLED:
        raise Refused(Reason.OAUTH_REQUEST, f"ack and setErrs name at most {MOST_SETTLED} events")
    if not all(isinstance(jti, str) and len(jti) <= LONGEST_TEXT for jti in (*taken, *refused)):
        raise Refused(Reason.OAUTH_REQUEST, "ack and setErrs name events by their jti")
    return [*taken, *refused]
