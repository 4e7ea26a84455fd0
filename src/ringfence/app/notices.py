"""Post what clients are to be told, in the background: what is due is in the records, so that a restart loses none."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from ringfence.clock import Instant, Seconds
from ringfence.fetching import Poster
from ringfence.oauth.exchange import Server
from ringfence.oauth.notices import deliver
from ringfence.store.backchannel_model import Notice
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.notices")

LOOK_EVERY: Final[Seconds] = 0.5
"""One small query; a client that is pinged learns of the answer about as soon."""

AT_ONCE: Final = 8
"""As many as are posted at a time (`app.fetching`): none waits long with its claim."""

LEASE: Final[Seconds] = 60.0
"""How long whoever claimed a notice has it for itself: many times what one delivery may take."""


async def post_notices(server: Callable[[], Server], poster: Poster, every: Seconds = LOOK_EVERY) -> None:
    """Post what is due, for ever.

    Args:
        server: returns the settings and ports of the moment.
        poster: the guarded way out.
        every: how often to look, in seconds.
    """
    while True:
        try:
            if await post_due(server(), poster) < AT_ONCE:
                await asyncio.sleep(every)
        except Unavailable as why:
            _log.warning("notices put off", why=str(why))
            await asyncio.sleep(every)


async def post_due(server: Server, poster: Poster) -> int:
    """Claim what is due and try to post it; return how many were tried.  Raises Unavailable."""
    now = server.ports.clock()
    claimed = await server.ports.records.claim_notices(now, Instant(now + LEASE), AT_ONCE)
    await asyncio.gather(*(_try(notice, server, poster) for notice in claimed))
    return len(claimed)


async def _try(notice: Notice, server: Server, poster: Poster) -> None:
    try:
        await deliver(notice, server, poster, server.ports.clock())
    except Unavailable as why:
        _log.warning("notice put off", kind=notice.kind, why=str(why))
    except Exception:  # noqa: BLE001 - one that cannot be posted must not keep the others from being
        _log.exception("notice failed", kind=notice.kind)
