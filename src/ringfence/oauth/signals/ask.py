"""Ask a transmitter for its events, and tell it which were taken and which were not.  RFC 8936 §2.2, §2.4, §2.5, §2.6."""

from typing import Any, Final

import msgspec
import structlog

from ringfence import strict_json
from ringfence.clock import Instant
from ringfence.fetching import Answered, Deliverer, Unfetchable, read_target
from ringfence.ids import new_correlation_id
from ringfence.oauth.exchange import Server
from ringfence.oauth.signals.receive import note_refusal, take
from ringfence.oauth.signals.transmitters import Known
from ringfence.policy.signals_model import Polled
from ringfence.problem import MEANINGS, Reason, Refused
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.signals")

MOST_AT_ONCE: Final = 10
"""Events in one answer, which is 64 KiB at the most (`fetching.MAX_BODY_BYTES`)."""

MAX_DEPTH: Final = 8
OK: Final = 200

_TOO_MANY: Final = frozenset({Reason.SIGNALS_TOO_MANY})
"""Refused for now only: the event is left where it is."""


class Settled(msgspec.Struct, frozen=True):
    """What the next request tells of the events of the last answer."""

    taken: tuple[str, ...] = ()
    refused: dict[str, dict[str, str]] = {}
    """By `jti`: error and description.  RFC 8936 §2.6."""
    more: bool = False
    """There are others, or something is to be told: ask again at once."""


async def ask(transmitter: Known, rule: Polled, settled: Settled, server: Server, way: Deliverer) -> Settled:
    """Ask once, and do what the events call for.

    Args:
        transmitter: whom.
        rule: where.
        settled: what came of the last answer.
        server: settings and ports.
        way: the guarded way out.

    Returns:
        What came of this answer; an event that is not settled comes again.

    Raises:
        Unfetchable: nobody answered, or with what is no answer; the same is told again.
        Unavailable: the records are out, or the token cannot be read.
    """
    bearer = server.ports.transmitters.secret(rule.token_file).reveal() if rule.token_file else ""
    asked: dict[str, Any] = {"maxEvents": MOST_AT_ONCE, "returnImmediately": True}
    asked |= {"ack": list(settled.taken)} if settled.taken else {}
    asked |= {"setErrs": settled.refused} if settled.refused else {}
    target = read_target(rule.url)
    authorization = f"Bearer {bearer}" if bearer else ""
    answered = await way.deliver(target, msgspec.json.encode(asked), "application/json", authorization)
    sets, more = _sets_in(answered)
    taken: list[str] = []
    refused: dict[str, dict[str, str]] = {}
    for jti, raw in list(sets.items())[:MOST_AT_ONCE]:
        now = server.ports.clock()
        try:
            await _take(jti, raw, transmitter, server, now)
            taken.append(jti)
        except Refused as why:
            if why.reason in _TOO_MANY:
                _log.warning("events left where they are: too many for an hour", transmitter=transmitter.name)
                more = False
                break
            await note_refusal(transmitter, why, server, now)
            refused[jti] = {"err": why.oauth, "description": why.detail or MEANINGS[why.reason].title}
        except Unavailable as why:
            _log.warning("event left where it is", transmitter=transmitter.name, why=str(why))
            more = False
            break
    return Settled(tuple(taken), refused, more or bool(taken or refused))


async def _take(jti: str, raw: Any, transmitter: Known, server: Server, now: Instant) -> None:
    if not isinstance(raw, str):
        raise Refused(Reason.SIGNAL_REQUEST, "an event is a text")
    event = await take(raw, transmitter, server, now, new_correlation_id(server.ports.random))
    if event.jti != jti:
        raise Refused(Reason.SIGNAL_REQUEST, "the event's jti is another than it is called by")


def _sets_in(answered: Answered) -> tuple[dict[str, Any], bool]:
    """Return the events of an answer by `jti`, and whether there are others.  Raises Unfetchable."""
    if answered.status != OK:
        raise Unfetchable(f"answered {answered.status}")
    try:
        said: Any = strict_json.parse(answered.body, max_depth=MAX_DEPTH)
    except Refused as refused:
        raise Unfetchable(f"it is not JSON of one meaning: {refused.detail}") from None
    sets = said.get("sets", {}) if isinstance(said, dict) else None
    if not isinstance(sets, dict):
        raise Unfetchable("it has no object of events")
    return sets, said.get("moreAvailable") is True
