"""Charge buckets by the generic cell rate algorithm, in whole nanoseconds so that sums do not drift."""

from collections.abc import Callable
from typing import Final

from ringfence.clock import Instant
from ringfence.store.interface import Admitted, Bucket

NANO: Final = 1_000_000_000


def charge(
    buckets: tuple[Bucket, ...], tat_of: Callable[[bytes], int | None], now: Instant
) -> tuple[Admitted, list[tuple[bytes, int]]]:
    """Charge all buckets or none; return the answer and what each bucket's TAT is then.

    Args:
        buckets: what the call is charged to.
        tat_of: returns the TAT that is kept under a bucket's key, in nanoseconds; None where there is none.
        now: the present.
    """
    present = round(now * NANO)
    updates: list[tuple[bytes, int]] = []
    remaining = -1
    for i, bucket in enumerate(buckets):
        interval = round(bucket.interval * NANO)
        cost = round(bucket.cost * bucket.interval * NANO)
        allowance = round(bucket.tolerance * NANO) + interval
        stored = tat_of(bucket.key)
        tat = present if stored is None else max(present, stored)
        if tat - present > allowance:
            # No bucket can be fuller than its allowance: this was written before the clock was set back or the
            # limit was tightened. This call just fits, and what it writes holds for the next.
            tat = present + max(allowance - cost, 0)
        over = tat + cost - present - allowance
        if over > 0:
            return Admitted(limited=i, retry_after=over / NANO, remaining=0), []
        updates.append((bucket.key, tat + cost))
        left = -over // cost if cost > 0 else -1
        if left >= 0:
            remaining = left if remaining < 0 else min(remaining, left)
    return Admitted(remaining=remaining), updates
