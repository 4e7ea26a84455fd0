"""Hold a call against everything that limits it, over rows that somebody else reads and writes: all of it, or none.

Rows, told apart by their first byte: `b` + bucket key → the bucket's TAT in whole nanoseconds.
"""

import struct
from collections.abc import Callable

from ringfence.clock import Instant
from ringfence.store.gcra import NANO, pour
from ringfence.store.interface import Admission, Admitted, Standing

Rows = Callable[[bytes], bytes | None]
"""Returns what is kept under a key."""
Updates = list[tuple[bytes, bytes]]
"""What is to be kept from now on."""

_nanoseconds = struct.Struct("<q")


def charge(asked: Admission, row_of: Rows, now: Instant) -> tuple[Admitted, Updates]:
    """Charge everything that a call is charged to, or nothing.

    Of several that refuse, the one is told that will take the call last.

    Returns:
        the answer, and what it changes; nothing where the call is refused.
    """
    updates: Updates = []
    standings: list[Standing] = []
    limited, wait, remaining = -1, 0.0, -1
    for i, bucket in enumerate(asked.buckets):
        key = b"b" + bucket.key
        stored = row_of(key)
        fill = pour(bucket, None if stored is None else _nanoseconds.unpack(stored)[0], now)
        if fill.over > 0:
            standings.append(Standing(fill.left, fill.over / NANO))
            if limited < 0 or fill.over / NANO > wait:
                limited, wait = i, fill.over / NANO
            continue
        standings.append(Standing(fill.left, fill.empty_in))
        updates.append((key, _nanoseconds.pack(fill.tat)))
        if fill.more >= 0:
            remaining = fill.more if remaining < 0 else min(remaining, fill.more)
    if limited >= 0:
        return Admitted(limited=limited, retry_after=wait, remaining=0, standings=tuple(standings)), []
    return Admitted(remaining=remaining, standings=tuple(standings)), updates
