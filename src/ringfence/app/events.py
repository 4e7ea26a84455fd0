"""Open the event stream of an installation for one role."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ringfence.ids import system_random
from ringfence.policy.load import LoadedPolicy
from ringfence.store.embedded.sqlite_events import SqliteEvents
from ringfence.store.outbox import Outbox


@asynccontextmanager
async def event_outbox(loaded: LoadedPolicy, role: str, stream: SqliteEvents) -> AsyncIterator[Outbox]:
    """Give the started outbox of a role; at the end, what waits in it is shipped.

    Args:
        loaded: says where the journals lie and what happens when the stream is gone.
        role: names the journals.
        stream: the caller's, who closes it afterwards.
    """
    outbox = Outbox(
        stream,
        loaded.places.events_spill,
        role.replace("-", "_"),
        system_random,
        on_outage=loaded.policy.on_outage.events,
    )
    await outbox.start()
    try:
        yield outbox
    finally:
        await outbox.close()


@asynccontextmanager
async def event_stream(loaded: LoadedPolicy) -> AsyncIterator[SqliteEvents]:
    """Give the event stream of an installation."""
    stream = SqliteEvents(loaded.places.events)
    try:
        yield stream
    finally:
        await stream.close()
