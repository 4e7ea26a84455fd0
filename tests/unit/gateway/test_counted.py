from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from calls import NOW

from ringfence.gateway.counted import counted
from ringfence.policy.limits_model import Adaptive, InFlight, Limit, Quota
from ringfence.store.interface import Weight

RATE = Limit(per="client", rate_per_second=4.0, burst=8)
MONTH = Limit(per="client", quota=Quota(calls=1000, window="month", zone="Europe/London"))
AT_ONCE = Limit(per="client", in_flight=InFlight(calls=3, lease_seconds=90))


def test_each_limit_is_counted_in_its_way() -> None:
    (bucket,), (quota,), (lease,) = counted([(RATE, b"r"), (MONTH, b"m"), (AT_ONCE, b"a")], 5, NOW)
    assert (bucket.key, bucket.interval, bucket.tolerance, bucket.cost) == (b"r", 0.25, 2.0, 5)
    assert (quota.key, quota.most, quota.cost) == (b"m", 1000, 5)
    assert (
        datetime.fromtimestamp(quota.expires_at, ZoneInfo("Europe/London")).isoformat() == "2025-11-01T00:00:00+00:00"
    )
    assert (lease.key, lease.most, lease.expires_at) == (b"a", 3, NOW + 90)


def test_payments_may_take_the_reserve_and_others_may_not() -> None:
    kept = [
        (msgspec.structs.replace(limit, reserve=2), key)
        for limit, key in ((RATE, b"r"), (MONTH, b"m"), (AT_ONCE, b"a"))
    ]
    for paying, reserve in ((False, 2), (True, 0)):
        (bucket,), (quota,), (lease,) = counted(kept, 1, NOW, paying=paying)
        assert (bucket.reserve, quota.most, lease.most) == (0.25 * reserve, 1000 - reserve, 3 - reserve)


def test_a_rate_that_adapts_is_told_the_risk_and_its_bounds() -> None:
    adapting = msgspec.structs.replace(RATE, reserve=2, adaptive=Adaptive())
    (bucket,), _, _ = counted([(adapting, b"r")], 1, NOW, 0.7)
    assert bucket.weight == Weight(Adaptive(), 0.7, 7, floor=False)
    (bucket,), _, _ = counted([(adapting, b"r")], 1, NOW, 0.7, paying=True)
    assert bucket.weight == Weight(Adaptive(), 0.7, 9, floor=True)


def test_nothing_is_counted_by_no_limit() -> None:
    assert counted([], 1, NOW) == ((), (), ())
