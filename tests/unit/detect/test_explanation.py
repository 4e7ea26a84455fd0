import pytest

from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.detect.explanation import explain, explain_alert
from ringfence.detect.load import shipped

RULES = {rule.rule.id: rule.rule for rule in shipped()}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_says_what_it_looks_at_and_when_it_fires(rule) -> None:
    said = " ".join(explain(rule))
    for name in rule.selections:
        assert f"`{name}` is an event where" in said
    for field in rule.group_by:
        assert field in said
    assert "It fires when" in said
    for response in rule.responses:
        assert response in said


def test_an_alert_is_explained_by_its_numbers() -> None:
    alert = Alert(
        "a", "credential-stuffing", Instant(1.0), 1, "high", "alert", "t", {"network": "n"}, {"tries": 30}, "thirty", ()
    )
    said = explain_alert(RULES["credential-stuffing"], alert)
    assert said[0] == "thirty."
    assert "tries = 30; the rule fires when tries >= 25" in said[-1]
    steps = explain_alert(
        RULES["guessing-succeeded"], Alert("a", "g", Instant(1.0), 1, "high", "alert", "t", {}, {}, "e", ())
    )
    assert "in their order" in steps[-1]
    assert "all callers" in steps[1]
