"""Hold a call against everything that limits it, over rows that somebody else reads and writes: all of it, or none.

Rows, told apart by their first bytes:
`b` + bucket key → the bucket's TAT in whole nanoseconds;
`eq` + quota key → when its slot ends, the slot, and what was taken in it;
`el` + lease key → when the last of its places ends, then the end of each.
What begins with `e` begins with the end after which it says nothing more.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Final

from ringfence.clock import Instant
from ringfence.store.gcra import NANO, pour
from ringfence.store.interface import Admission, Admitted, Lease, Quota, Standing

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
        the answer, and what it changes; nothing where the call is refused.
    """
    updates: Updates = []
    standings: list[Standing] = []
    limited, remaining = -1, -1
    for bucket in asked.buckets:
        key = b"b" + bucket.key
        stored = row_of(key)
        fill = pour(bucket, None if stored is None else _nanoseconds.unpack(stored)[0], now)
        if fill.over > 0:
            limited = _worst(limited, standings, fill.over / NANO)
            standings.append(Standing(fill.left, fill.over / NANO))
            continue
        standings.append(Standing(fill.left, fill.empty_in))
        updates.append((key, _nanoseconds.pack(fill.tat)))
        if fill.more >= 0:
            remaining = fill.more if remaining < 0 else min(remaining, fill.more)
    for quota in asked.quotas:
        slot, used, expires_at = _taken(quota, row_of(b"eq" + quota.key))
        if used + quota.cost > quota.most:
            limited = _worst(limited, standings, expires_at - now)
            standings.append(Standing(max(quota.most - used, 0), expires_at - now))
            continue
        used += quota.cost
        standings.append(Standing(quota.most - used, expires_at - now))
        updates.append((b"eq" + quota.key, _used.pack(expires_at, slot, used)))
        more = (quota.most - used) // quota.cost if quota.cost else quota.most
        remaining = more if remaining < 0 else min(remaining, more)
    for lease in asked.leases:
        ends = _ends(lease, row_of(b"el" + lease.key), now)
        if len(ends) >= lease.most:
            limited = _worst(limited, standings, LEASE_RETRY_SECONDS)
            standings.append(Standing(0, LEASE_RETRY_SECONDS))
            continue
        ends.append(lease.expires_at)
        standings.append(Standing(lease.most - len(ends), 0.0))
        updates.append((b"el" + lease.key, _row(ends)))
    if limited >= 0:
        return Admitted(
            limited=limited, retry_after=standings[limited].seconds, remaining=0, standings=tuple(standings)
        ), []
    return Admitted(remaining=remaining, standings=tuple(standings)), updates


def _worst(limited: int, standings: list[Standing], seconds: float) -> int:
    """Return which limit refuses the call longest, when the next one refuses it for so many seconds."""
    return limited if limited >= 0 and standings[limited].seconds >= seconds else len(standings)


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
