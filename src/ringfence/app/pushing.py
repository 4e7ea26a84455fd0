"""Push clients' events in the background: each stream by one process at a time, none by waiting for another.  RFC 8935 §2."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from ringfence.clock import Instant, Seconds
from ringfence.fetching import Deliverer
from ringfence.ids import new_id
from ringfence.oauth.exchange import Server
from ringfence.oauth.signals.push import HOLD, push_stream
from ringfence.store.interface import Unavailable
from ringfence.store.push_model import SignalPush

_log = structlog.get_logger("ringfence.signals")

LOOK_EVERY: Final[Seconds] = 0.25
"""One small query; a receiver learns of what happened about as soon as it is taken to its stream."""

AT_ONCE: Final = 8
"""Streams at a time: as many as are posted to (`app.fetching`), so that none waits for a place while it is held."""


class Pushing:
    """The streams that this process is at."""

    def __init__(self, server: Callable[[], Server], way: Deliverer) -> None:
        """Be at none yet."""
        self._server = server
        self._way = way
        self._under_way: set[asyncio.Task[None]] = set()

    async def begin_due(self) -> int:
        """Claim the streams that are due, as many as there is room for, and begin; return how many.  Raises Unavailable."""
        room = AT_ONCE - len(self._under_way)
        if room <= 0:
            return 0
        server = self._server()
        now = server.ports.clock()
        pusher = new_id("pusher", server.ports.random)
        claimed = await server.ports.records.claim_pushes(pusher, now, Instant(now + HOLD), room)
        for push in claimed:
            task = asyncio.create_task(self._push(push, server), name=f"push {push.stream_id}")
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return len(claimed)

    async def settled(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._under_way)

    async def end(self) -> None:
        """Break off what is under way: it is held no longer than `HOLD`."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _push(self, push: SignalPush, server: Server) -> None:
        try:
            await push_stream(push, server, self._way)
        except Unavailable as why:
            _log.warning("events to push put off", client=push.client_id, why=str(why))
        except Exception:  # noqa: BLE001 - one stream that cannot be pushed must not keep the others from being
            _log.exception("events to push put off", client=push.client_id)


async def push_signals(server: Callable[[], Server], way: Deliverer, every: Seconds = LOOK_EVERY) -> None:
    """Push what is due, for ever.

    Args:
        server: returns the settings and ports of the moment.
        way: the guarded way out.
        every: how often to look, in seconds.
    """
    pushing = Pushing(server, way)
    try:
        while True:
            try:
                await pushing.begin_due()
            except Unavailable as why:
                _log.warning("events to push put off", why=str(why))
            await asyncio.sleep(every)
    finally:
        await pushing.end()
