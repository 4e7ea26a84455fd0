"""One bucket of the generic cell rate algorithm, in whole nanoseconds so that sums do not drift."""

from typing import Final

import msgspec

from ringfence.clock import Instant
from ringfence.store.interface import Bucket

NANO: Final = 1_000_000_000

LONGEST_NANO: Final = 2**61
"""What a bucket holds at most, some 73 years: a TAT that is beyond it would not fit into 64 bits."""

_LONGEST: Final = LONGEST_NANO / NANO


class Fill(msgspec.Struct, frozen=True, gc=False):
    """How a bucket stands once a call has been poured into it, or has not fitted."""

    tat: int
    """In nanoseconds, with the call in it."""
    over: int
    """Nanoseconds by which the call does not fit; 0 or less: it fits."""
    left: int
    """Units that would still fit; where the call does not, those that fit without it."""
    more: int
    """Further calls of the same cost that would fit; -1 where they cost nothing."""
    empty_in: float
    """Seconds until nothing is in it."""


def pour(bucket: Bucket, stored: int | None, now: Instant) -> Fill:
    """Return how a bucket takes a call; nothing is changed.

    Args:
        bucket: what the call asks of it.
        stored: the TAT that is kept for it, in nanoseconds; None where there is none.
        now: the present.
    """
    present = round(now * NANO)
    interval = round(bucket.interval * NANO)
    cost = round(min(bucket.cost * bucket.interval, _LONGEST) * NANO)
    whole = round(min(bucket.tolerance + bucket.interval, _LONGEST) * NANO)
    mine = whole - round(bucket.reserve * NANO)
    tat = present if stored is None else max(present, stored)
    if tat - present > whole:
        # No bucket can be fuller than it holds: this was written before the clock was set back or the limit was
        # tightened. This call just fits, and what it writes holds for the next.
        tat = present + max(mine - cost, 0)
    over = tat + cost - present - mine
    after = tat if over > 0 else tat + cost
    free = max(mine - (after - present), 0)
    return Fill(
        tat + cost, over, free // interval if interval else 0, -over // cost if cost else -1, (after - present) / NANO
    )
