"""Turn limits into what is asked of the shared state: buckets, quotas and places among the calls in flight."""

from collections.abc import Iterable

from ringfence.clock import Instant
from ringfence.gateway.windows import calendar
from ringfence.policy.limits_model import Limit
from ringfence.store.interface import Bucket, Lease, Quota

Counted = tuple[tuple[Bucket, ...], tuple[Quota, ...], tuple[Lease, ...]]


def counted(limits: Iterable[tuple[Limit, bytes]], cost: int, now: Instant) -> Counted:
    """Return what a call is counted by.

    Args:
        limits: each with the key that the call has there; rates, then quotas, then calls in flight.
        cost: how many calls the call counts for.
        now: the present.
    """
    buckets: list[Bucket] = []
    quotas: list[Quota] = []
    leases: list[Lease] = []
    for limit, key in limits:
        if limit.quota is not None:
            day = calendar(limit.quota.window, limit.quota.zone, now)
            quotas.append(Quota(key, limit.quota.calls, cost, day.slot, day.expires_at))
        elif limit.in_flight is not None:
            leases.append(Lease(key, limit.in_flight.calls, Instant(now + limit.in_flight.lease_seconds)))
        else:
            # GCRA with T = 1/rate and τ = T·burst
            interval = 1.0 / limit.rate_per_second
            buckets.append(Bucket(key, interval, interval * limit.burst, cost))
    return tuple(buckets), tuple(quotas), tuple(leases)
