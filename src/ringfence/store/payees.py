"""Whom customers have paid: since when, kept under a keyed hash of customer and account, so that the file names nobody."""

from typing import Protocol

from ringfence.clock import Instant


class Payees(Protocol):
    """Every method raises store.interface.Unavailable."""

    def since(self, payer: str, account: str, now: Instant) -> Instant | None:
        """Return when the first payment succeeded; None where there was none that still counts. Does not block."""
        ...

    async def paid(self, payer: str, account: str, now: Instant, expires_at: Instant) -> None:
        """Note a payment that succeeded, on the disk. The first one's time stays; an end is only moved on."""
        ...

    async def sweep(self, now: Instant) -> int:
        """Remove some payees that count no more; return how many went."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...
