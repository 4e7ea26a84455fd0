"""Count events as they come, tell what is so at the moment, and listen for a Prometheus server where the policy says so."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec
import structlog

from ringfence.admin.measures import Measures, States
from ringfence.app.asgi import serve_asgi_on
from ringfence.app.pressure import told
from ringfence.app.ready import answers
from ringfence.clock import Clock, Seconds
from ringfence.events import Event, decode
from ringfence.policy.metrics_model import Metrics
from ringfence.policy.places import Places
from ringfence.store.backlog import backlog
from ringfence.store.cursors import Cursors
from ringfence.store.interface import EventStream, Unavailable
from ringfence.store.watch_interface import WatchRecords

_log = structlog.get_logger("ringfence.metrics")

T = TypeVar("T")

BATCH: Final = 500
IDLE_SECONDS: Final[Seconds] = 0.5
"""How long to wait when nothing is new: a Prometheus server looks every 15 s."""


async def count_events(stream: EventStream, measures: Measures) -> None:
    """Count events from now on, for ever."""
    position: int | None = None
    while True:
        batch = []
        try:
            if position is None:
                position = await stream.last()
            batch = await stream.read(position, BATCH)
        except Unavailable as why:
            _log.warning("counting waits", why=str(why))
        for stored in batch:
            measures.feed(stored.position, _decoded(stored.data))
            position = stored.position
        if len(batch) < BATCH:
            await asyncio.sleep(IDLE_SECONDS)


def _decoded(data: bytes) -> Event | None:
    try:
        return decode(data)
    except msgspec.ValidationError:
        return None


def states_of(
    where: Places,
    workers: Callable[[], int],
    stream: EventStream,
    watch: WatchRecords,
    clock: Clock,
    sinks: Callable[[], Sequence[str]] = tuple,
) -> Callable[[], Awaitable[States]]:
    """Return what tells the states of an installation; a part that is out of order is told as None."""
    cursors = Cursors(where.exports)

    async def states() -> States:
        sockets = {"oauth": where.oauth_socket, "edge": where.edge_admin_socket}
        sockets |= {f"gateway-{n}": where.gateway_socket(n) for n in range(workers())}
        blocks = await _told(watch.blocks(clock()))
        return States(
            last_event=await _told(stream.last()),
            watch_position=await _told(watch.seen()),
            journal_bytes=await _told(backlog(where.events_spill, stream.shipped)),
            roles={name: answers(path) for name, path in sockets.items()},
            blocks=dict(Counter(block.kind for block in blocks or ())),
            pressure=told(where, workers()),
            sinks={name: await _told(asyncio.to_thread(cursors.read, name)) for name in sinks()},
        )

    return states


async def _told(asked: Awaitable[T]) -> T | None:
    try:
        return await asked
    except Unavailable:
        return None


async def serve_metrics(app: Any, where: Metrics, stop: asyncio.Event) -> None:
    """Serve `app` where the policy says until `stop` is set; where that cannot be, management goes on without it."""
    try:
        await serve_asgi_on(app, where.address, where.port, stop)
    except Exception as why:  # noqa: BLE001 - whatever the server raises, it is no reason to end
        _log.error("metrics cannot be served", address=where.address, port=where.port, why=str(why))
