from ringfence.policy.demands import DEFAULT_MAX_BODY_BYTES, effective, merged
from ringfence.policy.limits_model import InFlight, Limit, Quota
from ringfence.policy.model import Demands


def test_own_demands_win_member_by_member() -> None:
    defaults = Demands(scopes=("a",), limits=("l",), max_body_bytes=5)
    assert merged(defaults, None) is defaults
    found = merged(defaults, Demands(scopes=(), user="any", max_body_bytes=0))
    assert (found.scopes, found.user, found.limits, found.max_body_bytes) == ((), "any", ("l",), 0)


def test_what_nobody_says_is_strict() -> None:
    found = effective(Demands(scopes=("a",)), {})
    assert found.user_required
    assert found.binding == "any"
    assert found.max_body_bytes == DEFAULT_MAX_BODY_BYTES
    limit = Limit(per="client", rate_per_second=1, burst=1)
    assert effective(Demands(limits=("l",)), {"l": limit}).limits == (("l", limit),)
    assert effective(Demands(max_body_bytes=0), {}).max_body_bytes == 0
    assert effective(Demands(), {}).cost == 1


def test_limits_stand_in_the_order_in_which_they_are_asked_for_and_once() -> None:
    limits = {
        "once": Limit(per="client", in_flight=InFlight(calls=1)),
        "month": Limit(per="client", quota=Quota(calls=1)),
        "rate": Limit(per="client", rate_per_second=1, burst=1),
    }
    named = effective(Demands(limits=("once", "month", "rate", "once")), limits).limits
    assert [name for name, _ in named] == ["rate", "month", "once"]


def test_a_nonce_is_demanded_only_where_it_is_asked_for() -> None:
    assert not effective(Demands(), {}).nonce_required
    defaults = Demands(dpop_nonce="required")
    assert effective(merged(defaults, Demands(user="any")), {}).nonce_required
    assert not effective(merged(defaults, Demands(dpop_nonce="off")), {}).nonce_required
