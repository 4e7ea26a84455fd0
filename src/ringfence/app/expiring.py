"""Tell, once each, of clients' certificates and statements that end soon.  RFC 5280 §4.1.2.5; RFC 7591 §2.3."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Final

import structlog

from ringfence.admin.ports import Events
from ringfence.clients.expiry import Expiry, ending, expiries
from ringfence.clock import Clock, Instant, Seconds
from ringfence.events.clients import ClientExpiring
from ringfence.ids import Random, new_correlation_id
from ringfence.store.interface import FastState, Records, Unavailable

_log = structlog.get_logger("ringfence.clients")

LOOK_EVERY: Final[Seconds] = 3600.0

TOLD_SECONDS: Final[Seconds] = 30 * 86_400.0
"""How long it is remembered that an end was told of, counted from it: an end long past is told of once a month."""


async def warn_of_ends(
    records: Records,
    fast: FastState,
    events: Events,
    clock: Clock,
    random: Random,
    *,
    within: Callable[[], Seconds],
    every: Seconds,
) -> None:
    """Look at all clients now and again, and tell of each end that is near, once.

    Args:
        records: where the clients are.
        fast: remembers what was told.
        events: where it is told.
        clock: the present.
        random: for correlation ids.
        within: how many seconds before its end something is warned of, as the policy says now.
        every: how often to look.
    """
    while True:
        now = clock()
        try:
            events.ready()
            own = {one.client_id: one for one in await records.list_registrations()}
            for client in await records.list_clients():
                if client.status == "revoked":
                    continue
                for one in ending(expiries(client, own.get(client.client_id)), now, within()):
                    await _tell(client.client_id, one, fast, events, new_correlation_id(random), now)
        except Unavailable as why:
            _log.warning("warnings put off", why=str(why))
        await asyncio.sleep(every)


async def _tell(client_id: str, one: Expiry, fast: FastState, events: Events, correlation: str, now: Instant) -> None:
    key = b"expiring:" + hashlib.sha256(f"{client_id}\n{one.what}\n{one.at}".encode()).digest()
    if await fast.claim(key, Instant(max(one.at, now) + TOLD_SECONDS), now):
        events.emit(ClientExpiring(at=now, correlation=correlation, client=client_id, what=one.what, ends_at=one.at))
