"""Slow buckets down by the measures that stand, and stop nobody by it."""

from collections.abc import Callable

import msgspec

from ringfence.store.interface import Bucket
from ringfence.store.measures import LEAST_FACTOR


def slowed(buckets: tuple[Bucket, ...], amount: Callable[[bytes], float]) -> tuple[Bucket, ...]:
    """Return buckets at the pace that measures leave them; the same tuple where none stands.

    Args:
        buckets: what a call asks.
        amount: the factor of a measure that stands, else 0.
    """
    factors = [max((amount(key) for key in bucket.slowed_by), default=0.0) for bucket in buckets]
    if max(factors, default=0.0) <= LEAST_FACTOR:
        return buckets
    return tuple(_at_pace(bucket, factor) for bucket, factor in zip(buckets, factors, strict=True))


def _at_pace(bucket: Bucket, factor: float) -> Bucket:
    # A call that costs more than one must still fit into an empty bucket: c·T·f ≤ τ + T·f − reserve.
    cost = bucket.cost if bucket.weight is None else bucket.weight.most
    room = bucket.tolerance - bucket.reserve
    if cost > 1.0:
        factor = min(factor, room / (bucket.interval * (cost - 1.0)))
    if factor <= LEAST_FACTOR:
        return bucket
    return msgspec.structs.replace(bucket, interval=bucket.interval * factor)
