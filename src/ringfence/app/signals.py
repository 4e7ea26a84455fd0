"""Take events to clients' streams in the background: a restart goes on where the last one was.  OpenID Shared Signals Framework §4."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from ringfence.clock import Instant, Seconds
from ringfence.keys.ports import KeyUnusable
from ringfence.oauth.exchange import Server
from ringfence.oauth.signals.feed import AT_ONCE, Events, feed
from ringfence.store.cursors import Cursor, Cursors
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.signals")

NAME: Final = "clients"
"""Of the cursor."""

LOOK_EVERY: Final[Seconds] = 0.5

KEEP_EVERY: Final[Seconds] = 5.0
"""How often is kept on disk how far it has got. What is read again after a crash has the same `jti` as before."""


class Feeding:
    """How far the events are taken: in memory, and now and then on disk."""

    def __init__(self, cursors: Cursors) -> None:
        """Go on where the last process was.  Raises Unavailable."""
        self._cursors = cursors
        self._kept = cursors.read(NAME)
        self.position = self._kept.position if self._kept else None

    async def go_on(self, server: Server, events: Events) -> bool:
        """Take the next events to streams; False where all are taken, and it is time to wait.

        Raises:
            Unavailable, KeyUnusable: as `feed`; the next time begins where this one did.
        """
        before = self.position
        self.position = await feed(server, events, before)
        now = server.ports.clock()
        if self._kept is None or (self._kept.position != self.position and now - self._kept.at >= KEEP_EVERY):
            await self._keep(now)
        return before is not None and self.position - before >= AT_ONCE

    async def _keep(self, now: Instant) -> None:
        cursor = Cursor(position=self.position or 0, at=now)
        await asyncio.to_thread(self._cursors.write, NAME, cursor)  # it waits for the disk: tokens must not
        self._kept = cursor


async def feed_signals(
    server: Callable[[], Server], events: Events, cursors: Cursors, every: Seconds = LOOK_EVERY
) -> None:
    """Take events to streams, for ever.

    Args:
        server: returns the settings and ports of the moment.
        events: our own.
        cursors: where is kept how far it has got.
        every: how often to look, in seconds.
    """
    feeding: Feeding | None = None
    while True:
        try:
            feeding = feeding or Feeding(cursors)
            while await feeding.go_on(server(), events):
                pass
        except (Unavailable, KeyUnusable) as why:
            _log.warning("events for clients put off", why=str(why))
        except Exception:  # noqa: BLE001 - whatever went wrong, the next look may go well, and none is lost
            _log.exception("events for clients put off")
        await asyncio.sleep(every)
