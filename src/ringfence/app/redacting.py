"""Take out of the event stream what it says about people whose keys are destroyed, once the audit log has what they did.  NIST SP 800-88 §2.5."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from ringfence.audit.redaction import redacted
from ringfence.clock import Seconds
from ringfence.store.interface import StoredEvent, Unavailable
from ringfence.store.redactions import Redaction, Redactions

_log = structlog.get_logger("ringfence.audit")

LOOK_EVERY: Final[Seconds] = 1.0
BATCH: Final = 1000
"""Events that are looked at between two writes; others append meanwhile."""


class Stream(Redactions, Protocol):
    """The events, as far as this needs them."""

    async def read(self, after: int, limit: int) -> list[StoredEvent]:
        """Return events after a position, in order.  Raises Unavailable."""
        ...


async def keep_redacting(stream: Stream, logged: Callable[[], int], every: Seconds = LOOK_EVERY) -> None:
    """Go on for ever; what cannot be done now is tried again.

    Args:
        stream: the events.
        logged: returns the position up to which the audit log has taken them: it must seal what it has not seen yet.
        every: how often to look for something to do.
    """
    while True:
        try:
            await redact_noted(stream, logged())
        except Unavailable as why:
            _log.error("events of people whose keys are destroyed are not redacted yet", why=str(why))
        await asyncio.sleep(every)


async def redact_noted(stream: Stream, logged: int) -> None:
    """Do what is noted as far as the log has come.  Raises Unavailable."""
    for noted in await stream.redactions():
        redaction: Redaction | None = noted
        while redaction is not None and redaction.after < min(redaction.upto, logged):
            redaction = await _batch(stream, redaction, min(redaction.upto, logged))
        if redaction is not None and redaction.after >= redaction.upto and await stream.finish_redaction(redaction):
            _log.info("events of somebody whose key is destroyed are redacted", upto=redaction.upto)


async def _batch(stream: Stream, redaction: Redaction, end: int) -> Redaction | None:
    """Rewrite the next events; return the redaction as it stands then, None where it stands no more."""
    events = [one for one in await stream.read(redaction.after, BATCH) if one.position <= end]
    upto = events[-1].position if len(events) == BATCH else end
    changes = await asyncio.to_thread(_changes, events, redaction.person)
    await stream.rewrite(redaction, upto, changes)
    standing = {one.person: one for one in await stream.redactions()}
    return standing.get(redaction.person)


def _changes(events: list[StoredEvent], person: str) -> list[tuple[int, bytes]]:
    pairs = ((one.position, redacted(one.data, person)) for one in events)
    return [(position, data) for position, data in pairs if data is not None]
