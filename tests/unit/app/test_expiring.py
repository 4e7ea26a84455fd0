import asyncio
from contextlib import suppress
from pathlib import Path

from ringfence.app.expiring import warn_of_ends
from ringfence.clock import Instant
from ringfence.ids import system_random
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Unavailable
from ringfence.store.model import Client
from ringfence.store.records import open_records

NOW = Instant(1_800_000_000.0)
DAY = 86_400.0


class Events:
    def __init__(self) -> None:
        self.refusals = 1
        self.seen: list = []

    def ready(self) -> None:
        self.refusals -= 1
        if self.refusals >= 0:
            raise Unavailable("full")

    def emit(self, event) -> None:
        self.seen.append(event)


async def test_each_end_is_told_once_and_again_only_when_it_is_another(tmp_path: Path) -> None:
    records, fast, events = (
        await open_records(f"sqlite+aiosqlite:///{tmp_path}/r.db"),
        LmdbState(tmp_path / "f"),
        Events(),
    )
    for name, days, status in (("soon", 3, "active"), ("later", 90, "active"), ("gone", 3, "revoked")):
        await records.add_client(
            Client(
                client_id=name,
                name=name,
                status=status,
                certificate_expires_at=Instant(NOW + days * DAY),
                created_at=NOW,
            )
        )

    async def told(count: int, now: Instant = NOW) -> list[str]:
        """Look some times, and return the clients that there was something to tell of."""
        task = asyncio.create_task(
            warn_of_ends(records, fast, events, lambda: now, system_random, within=lambda: 30 * DAY, every=0.01)
        )
        async with asyncio.timeout(10):
            while len(events.seen) < count:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return [event.client for event in events.seen]

    assert await told(1) == ["soon"]
    assert events.seen[0].ends_at == NOW + 3 * DAY
    assert await told(1) == ["soon"], "not told again after a restart"
    await records.note_certificate("soon", Instant(NOW + 4 * DAY))
    assert await told(2) == ["soon", "soon"]
    # long after, an end that is past is told of once more
    assert sorted(await told(4, Instant(NOW + 61 * DAY))) == ["later", "soon", "soon", "soon"]
    fast.close()
    await records.close()
