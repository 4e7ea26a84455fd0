from ringfence.policy.limits_diff import compare_limits
from ringfence.policy.limits_model import Adaptive, InFlight, Limit, Quota

RATE = Limit(per="client", rate_per_second=1, burst=2)
DAY = Limit(per="client", quota=Quota(calls=5))
ONCE = Limit(per="client", in_flight=InFlight(calls=5))


def said(old: Limit | None, new: Limit | None) -> list[tuple[str, str]]:
    before, after = ((("l", one),) if one else () for one in (old, new))
    return list(compare_limits(before, after))


def test_what_comes_and_goes() -> None:
    assert said(None, DAY) == [("stricter", "l is new: 5 a day per client")]
    assert said(ONCE, None) == [("looser", "l is gone: it was 5 at once per client")]
    assert said(RATE, None) == [("looser", "l is gone: it was 1 a second per client, bursts of 2")]


def test_what_changes() -> None:
    assert said(RATE, Limit(per="client", rate_per_second=2, burst=1)) == [
        ("looser", "l rate_per_second: 2 now, was 1"),
        ("stricter", "l burst: 1 now, was 2"),
    ]
    assert said(DAY, Limit(per="client", quota=Quota(calls=4))) == [("stricter", "l quota.calls: 4 now, was 5")]
    assert said(DAY, Limit(per="client", quota=Quota(calls=5, zone="Asia/Tokyo")))[0][0] == "unclear"
    adaptive = Limit(per="client", rate_per_second=1, burst=2, adaptive=Adaptive(factor=9))
    assert said(adaptive, Limit(per="client", rate_per_second=1, burst=2, reserve=1, adaptive=Adaptive())) == [
        ("stricter", "l reserve: 1 now, was 0"),
        ("looser", "l adaptive.factor: 4.0 now, was 9"),
    ]
    assert said(RATE, adaptive)[0][0] == "unclear"
    assert said(ONCE, Limit(per="client", in_flight=InFlight(calls=6)))[0][0] == "looser"
    assert said(ONCE, Limit(per="client", in_flight=InFlight(calls=5, lease_seconds=60)))[0][0] == "other"
    assert said(RATE, DAY)[0][0] == "unclear"
    assert said(RATE, Limit(per="user", rate_per_second=1, burst=2))[0][0] == "unclear"
