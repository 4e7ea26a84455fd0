from ringfence.policy.limits_model import InFlight, Limit, Quota


def test_what_each_kind_holds_and_when_it_is_asked_for() -> None:
    kinds = [
        Limit(per="client", rate_per_second=1, burst=9),
        Limit(per="client", quota=Quota(calls=500)),
        Limit(per="client", in_flight=InFlight(calls=3)),
    ]
    assert [(kind.order, kind.holds) for kind in kinds] == [(0, 10), (1, 500), (2, 3)]
