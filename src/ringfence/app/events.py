"""Open the event stream of an installation for one role."""

from ringfence.policy.load import LoadedPolicy
from ringfence.store.embedded.sqlite_events import SqliteEvents
from ringfence.store.outbox import Outbox


async def open_outbox(loaded: LoadedPolicy, role: str) -> Outbox:
    """Return the started outbox of a role: what it emits reaches the stream."""
    where = loaded.places
    outbox = Outbox(SqliteEvents(where.events), where.events_spill, role, mode=loaded.policy.on_outage.events)
    await outbox.start()
    return outbox
