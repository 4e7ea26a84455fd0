"""Turn limits into what is asked of the shared state: buckets, quotas and places among the calls in flight."""

from collections.abc import Callable, Iterable

from ringfence.clock import Instant
from ringfence.gateway.windows import calendar
from ringfence.policy.limits_model import Limit
from ringfence.store.interface import Bucket, Lease, Quota, Weight

Counted = tuple[tuple[Bucket, ...], tuple[Quota, ...], tuple[Lease, ...]]


def counted(
    limits: Iterable[tuple[Limit, bytes]],
    cost: int,
    now: Instant,
    risk: float = 0.0,
    *,
    paying: bool = False,
    slowed_by: Callable[[str], tuple[bytes, ...]] | None = None,
) -> Counted:
    """Return what a call is counted by.

    Args:
        limits: each with the key that the call has there; rates, then quotas, then calls in flight.
        cost: how many calls the call counts for.
        now: the present.
        risk: of the call, from 0 to 1.
        slowed_by: returns the measures that slow what is shared so; None: nothing does.
        paying: the call is a payment on a customer's consent: it may take the reserve, and risk makes it no dearer.
    """
    buckets: list[Bucket] = []
    quotas: list[Quota] = []
    leases: list[Lease] = []
    for limit, key in limits:
        reserve = 0 if paying else limit.reserve
        if limit.quota is not None:
            day = calendar(limit.quota.window, limit.quota.zone, now)
            quotas.append(Quota(key, limit.quota.calls - reserve, cost, day.slot, day.expires_at))
        elif limit.in_flight is not None:
            leases.append(Lease(key, limit.in_flight.calls - reserve, Instant(now + limit.in_flight.lease_seconds)))
        else:
            # GCRA with T = 1/rate and τ = T·burst
            interval = 1.0 / limit.rate_per_second
            rule = limit.adaptive
            weight = None if rule is None else Weight(rule, risk, limit.holds - reserve, paying)
            by = slowed_by(limit.per) if slowed_by is not None else ()
            buckets.append(Bucket(key, interval, interval * limit.burst, cost, interval * reserve, weight, by))
    return tuple(buckets), tuple(quotas), tuple(leases)
