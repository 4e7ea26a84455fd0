"""Take events to clients' streams in the background: a restart goes on where the last one was.  OpenID Shared Signals Framework §4."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from ringfence.clock import Seconds
from ringfence.keys.ports import KeyUnusable
from ringfence.oauth.exchange import Server
from ringfence.oauth.signals.feed import Events, feed
from ringfence.store.cursors import Cursor, Cursors
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.signals")

NAME: Final = "clients"
"""Of the cursor."""

LOOK_EVERY: Final[Seconds] = 0.5


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
    while True:
        try:
            while await feed_once(server(), events, cursors):
                pass
        except (Unavailable, KeyUnusable) as why:
            _log.warning("events for clients put off", why=str(why))
        except Exception:  # noqa: BLE001 - whatever went wrong, the next look may go well, and none is lost
            _log.exception("events for clients put off")
        await asyncio.sleep(every)


async def feed_once(server: Server, events: Events, cursors: Cursors) -> bool:
    """Take the next events to streams, and keep how far that is; False where there were none.

    Raises:
        Unavailable, KeyUnusable: as `feed`; the next look begins where this one did.
    """
    cursor = cursors.read(NAME)
    before = cursor.position if cursor else None
    position = await feed(server, events, before)
    if position == before:
        return False
    cursors.write(NAME, Cursor(position=position, at=server.ports.clock()))
    return True
