import asyncio

from ringfence.app.notices import post_notices
from ringfence.clock import Instant
from ringfence.oauth.exchange import Server
from ringfence.store.backchannel_model import Notice
from ringfence.store.interface import Unavailable

NOW = Instant(1_000.0)


class Records:
    """The first look fails; the second finds two, of which one cannot be handled at all."""

    def __init__(self) -> None:
        self.looks = 0
        self.removed: list[str] = []

    async def claim_notices(self, now: Instant, again_at: Instant, limit: int) -> list[Notice]:
        self.looks += 1
        if self.looks == 1:
            raise Unavailable("gone")
        if self.looks > 2:
            return []
        return [
            Notice(notice_id=n, kind="logout", client_id=n, created_at=NOW, due_at=NOW, expires_at=Instant(NOW + 9))
            for n in ("broken", "gone")
        ]

    async def client(self, client_id: str) -> None:
        if client_id == "broken":
            raise ValueError(client_id)

    async def remove_notice(self, notice_id: str) -> None:
        self.removed.append(notice_id)


class Ports:
    def __init__(self) -> None:
        self.records = Records()
        self.events = self
        self.seen: list = []

    def emit(self, event: object) -> None:
        self.seen.append(event)

    def clock(self) -> Instant:
        return NOW

    def random(self, count: int) -> bytes:
        return bytes(count)


async def test_one_that_cannot_be_posted_keeps_no_other_back() -> None:
    ports = Ports()
    task = asyncio.create_task(post_notices(lambda: Server(None, ports), None, 0.001))  # type: ignore[arg-type]
    while ports.records.looks < 4:
        await asyncio.sleep(0.001)
    task.cancel()
    assert ports.records.removed == ["gone"]
    assert [event.client for event in ports.seen] == ["gone"]
