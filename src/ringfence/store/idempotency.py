"""Keys of calls that must not be made twice, with the answers to those that have been made.  draft-ietf-httpapi-idempotency-key-header-07 §2."""

import enum
from typing import Protocol

import msgspec

from ringfence.clock import Instant


class Standing(enum.Enum):
    """How far the call with a key has come."""

    UNDER_WAY = "under-way"
    UNCLEAR = "unclear"
    """It went out, and what came of it is not known."""
    MADE = "made"
    """It was answered, and the answer was not kept."""
    ANSWERED = "answered"


class Answer(msgspec.Struct, frozen=True):
    """An answer as it was given."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    sealed: bool = False
    """The body has protected fields and is kept sealed."""


class Entry(msgspec.Struct, frozen=True):
    """What stands under a key."""

    fingerprint: bytes
    """Of the call that claimed it."""
    owner: str
    """Correlation id of that call."""
    until: Instant
    """When a call that is still under way must have been lost."""
    expires_at: Instant
    standing: Standing = Standing.UNDER_WAY
    answer: Answer | None = None


class IdempotencyKeys(Protocol):
    """Every method raises store.interface.Unavailable. What was written is on the disk when it returns."""

    async def claim(self, key: bytes, entry: Entry, now: Instant) -> Entry | None:
        """Put `entry` under a key where nothing unexpired stands, and return None; else return what stands there."""
        ...

    async def settle(self, key: bytes, owner: str, standing: Standing, answer: Answer | None = None) -> bool:
        """Say what came of a call; False unless `owner` has the key and it was under way."""
        ...

    async def release(self, key: bytes, owner: str) -> bool:
        """Let the key be claimed again: nothing was done; False unless `owner` has it and it was under way."""
        ...

    async def sweep(self, now: Instant) -> int:
        """Remove some keys that have expired; return how many went."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...
