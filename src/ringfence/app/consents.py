"""Let consents expire when their time is over, note those whose payment nobody noted, and tell of each."""

import asyncio
from typing import Final

import structlog

from ringfence.admin.ports import Events
from ringfence.clock import Clock, Instant, Seconds
from ringfence.ids import Random, new_correlation_id
from ringfence.store.consent_events import consent_moved
from ringfence.store.interface import Records, Unavailable

_log = structlog.get_logger("ringfence.consents")

EXPIRE_EVERY: Final[Seconds] = 60.0
"""An expired consent is worth nothing whether or not its state says so yet: tokens carry their own end."""

ABANDONED_AFTER: Final[Seconds] = 600.0
"""A call that took a payment's consent and noted nothing for so long has ended with its process."""


async def expire_consents(records: Records, events: Events, clock: Clock, random: Random, every: Seconds) -> None:
    """Move consents whose time is over, now and again, each with its event."""
    while True:
        await asyncio.sleep(every)
        now = clock()
        try:
            # asked before anything moves: an expiry that could not be told of is put off
            events.ready()
            for consent in await records.expire_consents(now):
                events.emit(consent_moved(consent, new_correlation_id(random), now, "its time is over"))
            for consent in await records.spend_abandoned(Instant(now - ABANDONED_AFTER), now):
                events.emit(consent_moved(consent, consent.used_by, now, "what became of its payment is not known"))
        except Unavailable as why:
            _log.warning("expiry put off", why=str(why))
