"""Sums that all workers share: money and calls, counted in windows. One add decides and records.

A row is one key with the amounts of its slots: a slot is a piece of time, numbered by whoever asks. What lies before
`since` does not count any more.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from ringfence.clock import Instant


class Charge(msgspec.Struct, frozen=True, gc=False):
    """An amount to add to one key, if the sum stays within `most`."""

    key: bytes
    """At most 256 bytes."""
    amount: int
    """In the smallest unit, 0 or more."""
    most: int
    slot: int
    """The piece of time that it is added to."""
    since: int
    """The oldest slot that counts."""
    expires_at: Instant
    """When the row counts no more, should nothing be added to it."""
    binding: bool = True
    """False: where it does not fit it is left out, and the others are added."""


class Charged(msgspec.Struct, frozen=True, gc=False):
    """What became of charges. -1 means none."""

    refused: int = -1
    """Index of the binding charge that did not fit: then none was added."""
    frees: int = -1
    """The slot that has to fall out of the window before the refused charge fits; -1: no waiting helps."""
    over: tuple[int, ...] = ()
    """Indexes of charges that are not binding, did not fit and were left out."""


class Sums(Protocol):
    """Every method raises store.interface.Unavailable. What was added is on the disk when `add` returns."""

    async def add(self, charges: Sequence[Charge]) -> Charged:
        """Add all charges, or none where a binding one does not fit, in one transaction."""
        ...

    async def take_back(self, charges: Sequence[Charge]) -> None:
        """Take out what was added: the payment certainly has not been made. A sum never falls below 0."""
        ...

    async def sweep(self, now: Instant) -> int:
        """Remove some rows that have expired; return how many went."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...
