"""What detection keeps: how far it has read and what it knew then, the alerts, and the blocks that came of them."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from ringfence.clock import Instant
from ringfence.store.response_interface import ResponseRecords
from ringfence.store.rung_interface import RungRecords


class KeptAlert(msgspec.Struct, frozen=True):
    """An alert as it is kept: `detail` is the whole of it as JSON, the rest is what lists are made of."""

    alert_id: str
    rule: str
    at: Instant
    level: str
    mode: str
    title: str
    explanation: str
    detail: msgspec.Raw
    answered: str = ""
    """What was done about it without a person: one word an act; empty while something is still to be done."""
    disposition: str = ""
    """What a person found: `attack`, `benign`, `duplicate`; empty while nobody has looked."""
    note: str = ""
    disposed_by: str = ""
    disposed_at: Instant | None = None


class Block(msgspec.Struct, frozen=True):
    """Something that is kept out for a while."""

    kind: str
    """`network`, `user` or `client`."""
    value: str
    until: Instant
    why: str
    by: str
    at: Instant


class WatchRecords(ResponseRecords, RungRecords, Protocol):
    """The records of detection. Every method raises store.interface.Unavailable."""

    async def resume(self) -> tuple[int, bytes]:
        """Return the position of the last snapshot and the snapshot; 0 and nothing at first."""
        ...

    async def snapshot(self, position: int, state: bytes) -> None:
        """Keep a snapshot in place of the last."""
        ...

    async def note_seen(self, position: int) -> None:
        """Note how far events have been read, for those who want to know; `resume` does not go by it."""
        ...

    async def seen(self) -> int:
        """Return what was noted last, 0 at first."""
        ...

    async def note_status(self, status: bytes) -> None:
        """Keep what anomaly detection says of itself, in place of the last."""
        ...

    async def status(self) -> bytes:
        """Return what was kept last, nothing at first."""
        ...

    async def keep(self, alerts: Sequence[KeptAlert]) -> list[str]:
        """Keep alerts, each once; return the ids of those that were new."""
        ...

    async def alerts(self, rule: str, undisposed: bool, limit: int) -> list[KeptAlert]:
        """Return alerts, newest first; of one rule where it is not empty, and only those that nobody has looked at."""
        ...

    async def alert(self, alert_id: str) -> KeptAlert | None:
        """Return one alert, or None."""
        ...

    async def unanswered(self) -> list[KeptAlert]:
        """Return the alerts whose responses are still to be carried out, oldest first."""
        ...

    async def answered(self, alert_id: str, what: str) -> None:
        """Note what was done about an alert."""
        ...

    async def dispose(self, alert_id: str, disposition: str, note: str, by: str, now: Instant) -> bool:
        """Note what a person found; False if there is no such alert."""
        ...

    async def add_block(self, block: Block) -> None:
        """Keep a block in place of an earlier one of the same thing."""
        ...

    async def blocks(self, now: Instant) -> list[Block]:
        """Return the blocks that stand, by when they end."""
        ...

    async def remove_block(self, kind: str, value: str) -> bool:
        """Forget a block; False if there is none."""
        ...

    async def close(self) -> None:
        """Let go of the file."""
        ...
