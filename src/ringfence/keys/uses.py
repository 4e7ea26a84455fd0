"""Count the uses of keys: leased in blocks before they are made, told in batches.  NIST SP 800-38D §8.3; PCI DSS §3.7.4.

A lease is on the disk before the first use under it, so a process that is killed has counted too many, never too few.
"""

from collections.abc import Iterable
from typing import Final

from ringfence.clock import Instant, Seconds
from ringfence.custody.limits import BLOCK, HARD
from ringfence.keys.ledger import Ledger
from ringfence.keys.purposes import Kind
from ringfence.keys.records import KeyRecord, Used
from ringfence.keys.tenants import row_of

RARELY: Final[Seconds] = 3600.0
"""How long uses of the audit log's keys are gathered before they are told."""


class Exhausted(Exception):
    """The key has been used as often as it may be."""


class Uses:
    """Leases and counts of every key."""

    def __init__(self, ledger: Ledger) -> None:
        """Begin with nothing leased: what an earlier process had left of its lease is given up."""
        self._ledger = ledger
        self._left: dict[str, int] = {}
        self._counts: dict[tuple[str, str, str], list[float]] = {}

    def take(self, key: KeyRecord, role: str, operation: str, now: Instant) -> None:
        """Count one use.

        Raises:
            Exhausted: an AES-GCM key has no use left.
            Unavailable: the lease could not be written; nothing is to be done with the key then.
        """
        left = self._left.get(key.key_id, 0)
        if left <= 0:
            left = self._lease(key)
        self._left[key.key_id] = left - 1
        self.note(key, role, operation, now)

    def note(self, key: KeyRecord, role: str, operation: str, now: Instant) -> None:
        """Put one use on record that no limit counts: opening what is there already."""
        count = self._counts.get((key.key_id, role, operation))
        if count is None:
            self._counts[key.key_id, role, operation] = [1, now, now]
        else:
            count[0] += 1
            count[2] = now

    def flush(self) -> list[Used]:
        """Write the counts to the ledger and return them.  Raises Unavailable; they are kept then."""
        used = [
            Used(key_id, role, operation, int(count), Instant(first), Instant(last))
            for (key_id, role, operation), (count, first, last) in self._counts.items()
        ]
        if used:
            self._ledger.add_uses(used)
            self._counts.clear()
        return used

    def untold(self, now: Instant, *, all_of_it: bool = False) -> list[Used]:
        """Return what the ledger has and nobody was told; of the audit log's keys what is an hour old, or all of it.

        It is told until `told` is called: a process that is killed in between tells it twice, none tells it never.
        """
        found = self._ledger.untold_uses()
        return [one for one in found if all_of_it or now - one.first_at >= RARELY or not self._is_of_log(one.key_id)]

    def told(self, told: Iterable[Used]) -> None:
        """Write down that these were told.  Raises Unavailable."""
        self._ledger.uses_told(told)

    def _is_of_log(self, key_id: str) -> bool:
        key = self._ledger.key(key_id)
        return key is not None and row_of(key.purpose).of_log

    def _lease(self, key: KeyRecord) -> int:
        limited = key.kind is Kind.AES256
        known = self._ledger.key(key.key_id)
        if limited and known is not None and known.uses + BLOCK > HARD:
            raise Exhausted(f"{key.key_id} has been used {known.uses} times, of {HARD} at most")
        self._ledger.lease(key.key_id, BLOCK)
        return BLOCK
