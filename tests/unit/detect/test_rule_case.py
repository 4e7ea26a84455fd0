import msgspec

from ringfence.detect.load import shipped
from ringfence.detect.rule_case import Case, fault, run_case

RULE = next(rule for rule in shipped() if rule.rule.id == "path-probing")
MISSED = {"event": "call.decided.v1", "reason": "unknown-path", "network": "192.0.2.1", "path": "/p{n}"}


def case(times: int, alerts: int, **more: object) -> Case:
    return msgspec.convert({"name": "n", "events": [{"event": MISSED, "times": times}], "alerts": alerts, **more}, Case)


def test_a_case_says_what_is_not_as_it_should_be() -> None:
    assert fault(case(10, 1), run_case(RULE, case(10, 1))) == ""
    assert fault(case(10, 0), run_case(RULE, case(10, 0))) == "n: 1 alerts, not 0"
    other = case(10, 1, group={"network": "x"})
    assert "the group is" in fault(other, run_case(RULE, other))


def test_events_stand_in_the_order_of_their_times() -> None:
    late = msgspec.convert(
        {"name": "n", "alerts": 0, "events": [{"event": MISSED, "at": 100}, {"event": MISSED, "at": 0, "times": 3}]},
        Case,
    )
    assert run_case(RULE, late) == []
