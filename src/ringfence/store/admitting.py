"""Hold a call against everything that limits it, over rows that somebody else reads and writes: all of it, or none.

Rows, told apart by their first bytes:
`b` + bucket key → the bucket's TAT in whole nanoseconds;
`eq` + quota key → when its slot ends, the slot, and what was taken in it;
`eh` + bucket key → how long it is kept, and the history of a bucket with a weight (`store.adaptive`);
`el` + lease key → when the last of its places ends, then the end of each.
What begins with `e` begins with the end after which it says nothing more.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from ringfence.clock import Instant
from ringfence.store.adaptive import History, blemished_row, history_row, read_history, weigh
from ringfence.store.gcra import NANO, pour
from ringfence.store.interface import Admission, Admitted, Bucket, Lease, Quota, Standing, Weighed, Weight

Rows = Callable[[bytes], bytes | None]
"""Returns what is kept under a key."""
Updates = list[tuple[bytes, bytes]]
"""What is to be kept from now on."""

LEASE_RETRY_SECONDS: Final = 1.0
"""Nobody knows when a call in flight will end."""

_nanoseconds = struct.Struct("<q")
_used = struct.Struct("<dqq")
_end = struct.Struct("<d")


def charge(asked: Admission, row_of: Rows, now: Instant) -> tuple[Admitted, Updates]:
    """Charge everything that a call is charged to, or nothing.

    Of several that refuse, the one is told that will take the call last.

    Returns:
        the answer, and what it changes; where the call is refused no more than the risk that is known of its caller.
    """
    charging = _Charging(row_of, now)
    for bucket in asked.buckets:
        charging.bucket(bucket)
    for quota in asked.quotas:
        charging.quota(quota)
    for lease in asked.leases:
        charging.lease(lease)
    standings, limited = tuple(charging.standings), charging.limited
    if limited < 0:
        return Admitted(
            remaining=charging.remaining, standings=standings, weighed=charging.weighed
        ), charging.updates + charging.histories
    refused = Admitted(
        limited=limited,
        retry_after=standings[limited].seconds,
        remaining=0,
        standings=standings,
        weighed=charging.weighed,
    )
    return refused, _risks(asked, row_of, now)


class _Charging:
    """What one call would change, and how each of its limits stands then."""

    __slots__ = ("histories", "limited", "now", "remaining", "row_of", "standings", "updates", "weighed")

    def __init__(self, row_of: Rows, now: Instant) -> None:
        self.row_of = row_of
        self.now = now
        self.updates: Updates = []
        self.histories: Updates = []
        self.standings: list[Standing] = []
        self.limited = -1
        self.remaining = -1
        self.weighed: Weighed | None = None

    def bucket(self, bucket: Bucket) -> None:
        if bucket.weight is not None:
            found, history = _weighed(bucket, bucket.weight, self.row_of, self.now)
            self.histories.append(history)
            bucket = msgspec.structs.replace(bucket, cost=found.cost)
            if self.weighed is None or found.cost > self.weighed.cost:
                self.weighed = msgspec.structs.replace(found, index=len(self.standings))
        key = b"b" + bucket.key
        stored = self.row_of(key)
        fill = pour(bucket, None if stored is None else _nanoseconds.unpack(stored)[0], self.now)
        if fill.over > 0:
            self._refuse(fill.left, fill.over / NANO)
        else:
            self._take(key, _nanoseconds.pack(fill.tat), Standing(fill.left, fill.empty_in), fill.more)

    def quota(self, quota: Quota) -> None:
        key = b"eq" + quota.key
        slot, used, expires_at = _taken(quota, self.row_of(key))
        left = quota.most - used - quota.cost
        if left < 0:
            self._refuse(max(quota.most - used, 0), expires_at - self.now)
        else:
            row = _used.pack(expires_at, slot, used + quota.cost)
            more = left // quota.cost if quota.cost else -1
            self._take(key, row, Standing(left, expires_at - self.now), more)

    def lease(self, lease: Lease) -> None:
        key = b"el" + lease.key
        ends = _ends(lease, self.row_of(key), self.now)
        if len(ends) >= lease.most:
            self._refuse(0, LEASE_RETRY_SECONDS)
        else:
            ends.append(lease.expires_at)
            self._take(key, _row(ends), Standing(lease.most - len(ends), 0.0))

    def _refuse(self, left: int, seconds: float) -> None:
        if self.limited < 0 or seconds > self.standings[self.limited].seconds:
            self.limited = len(self.standings)
        self.standings.append(Standing(left, seconds))

    def _take(self, key: bytes, row: bytes, standing: Standing, more: int = -1) -> None:
        self.standings.append(standing)
        self.updates.append((key, row))
        if more >= 0:
            self.remaining = more if self.remaining < 0 else min(self.remaining, more)


def _weighed(bucket: Bucket, weight: Weight, row_of: Rows, now: Instant) -> tuple[Weighed, tuple[bytes, bytes]]:
    key = b"eh" + bucket.key
    weighed, history = weigh(weight, bucket.cost, read_history(row_of(key)), now)
    return weighed, (key, history_row(history, weight))


def _risks(asked: Admission, row_of: Rows, now: Instant) -> Updates:
    """Return what a refused call leaves: the risk that was seen, where it is a higher one, and nothing earned."""
    updates: Updates = []
    for bucket in asked.buckets:
        if bucket.weight is not None:
            key = b"eh" + bucket.key
            before = read_history(row_of(key))
            after = weigh(bucket.weight, bucket.cost, before, now)[1]
            if after.level > before.level:
                kept = History(after.level, after.until, before.score, before.at)
                updates.append((key, history_row(kept, bucket.weight)))
    return updates


def blemish(buckets: Sequence[bytes], row_of: Rows) -> Updates:
    """Return what a call changes that was refused for what it was."""
    found = ((b"eh" + bucket, row_of(b"eh" + bucket)) for bucket in buckets)
    return [(key, blemished_row(row)) for key, row in found if row is not None]


def _taken(quota: Quota, row: bytes | None) -> tuple[int, int, float]:
    """Return the slot that a call counts into, what was taken of it, and its end.

    A worker whose clock is behind, or that was slow over midnight, counts into the slot that has begun; a slot that is
    further ahead was written by a clock that was wrong.
    """
    if row is not None:
        expires_at, slot, used = _used.unpack(row)
        if slot in (quota.slot, quota.slot + 1):
            return slot, used, expires_at
    return quota.slot, 0, quota.expires_at


def _ends(lease: Lease, row: bytes | None, now: Instant) -> list[float]:
    """Return when the places that are taken end; one that ends much later than any could was written by a wrong clock."""
    if row is None:
        return []
    latest = lease.expires_at + (lease.expires_at - now)
    return [end for (end,) in _end.iter_unpack(row[_end.size :]) if now < end <= latest]


def _row(ends: Sequence[float]) -> bytes:
    return b"".join([_end.pack(max(ends)), *(_end.pack(end) for end in ends)])


def release(leases: Sequence[Lease], row_of: Rows, until: Instant | None = None) -> list[tuple[bytes, bytes | None]]:
    """Return what giving places back changes, or holding them on until later; None: the row goes.

    Places that end at the same moment are alike: any of them will do.
    """
    updates: list[tuple[bytes, bytes | None]] = []
    for lease in leases:
        row = row_of(b"el" + lease.key)
        ends = [] if row is None else [end for (end,) in _end.iter_unpack(row[_end.size :])]
        if lease.expires_at in ends:
            ends.remove(lease.expires_at)
        if until is not None:
            ends.append(until)
        updates.append((b"el" + lease.key, _row(ends) if ends else None))
    return updates
