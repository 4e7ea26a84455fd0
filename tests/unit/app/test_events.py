from pathlib import Path
from unittest.mock import ANY

from ringfence.app.events import event_outbox, event_stream
from ringfence.clock import Instant
from ringfence.events import decode
from ringfence.events.actions import RoleExited
from ringfence.events.audit import JournalEnded
from ringfence.policy.load import LoadedPolicy


async def test_what_a_role_emits_is_in_the_stream_when_it_ends(loaded: LoadedPolicy, tmp_path: Path) -> None:
    event = RoleExited(Instant(1.0), "gateway-0", -9, 0.1)
    async with event_stream(loaded) as stream:
        async with event_outbox(loaded, "gateway-0", stream) as outbox:
            outbox.ready()
            outbox.emit(event)
        stored, ended = await stream.read(0, 10)
    assert decode(stored.data) == event
    assert decode(ended.data) == JournalEnded(ANY, stored.source, len(stored.data) + 1)
