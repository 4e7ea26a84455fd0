"""Rules about the consent's own limits are held against its types."""

from typing import Any

import msgspec
import pytest

from ringfence.policy.consent_limit_checks import consent_limit_mistakes
from ringfence.policy.model import Demands, DetailType
from ringfence.policy.rules_model import Facts, Rule

SCHEMA = {
    "type": "object",
    "properties": {
        "currency": {"type": "string"},
        "each": {"type": "string"},
        "many": {"type": "integer"},
        "rate": {"type": "number"},
        "until": {"type": "string"},
    },
}
TYPES = {"vrp": DetailType(schema=SCHEMA, sentence="Pay {each}")}
FACTS = Facts(amount="/a", currency="/c")


def mistakes(facts: Facts | None = FACTS, **said: Any) -> list[str]:
    one = msgspec.convert({"name": "r", "consent": {"type": "vrp", **said}}, Rule)
    return [f"{m}: {w}; {i}" for m, w, i in consent_limit_mistakes(Demands(facts=facts, rules=(one,)), TYPES)]


def test_what_fits() -> None:
    assert mistakes(currency="/currency", each="/each", total="/rate", calls="/many", ends="/until") == []
    assert mistakes(facts=None, calls="/many", begins="/until") == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, "rules: the rule `r` names no limit; write one of `currency`"),
        ({"type": "vpr", "calls": "/many"}, "names the type `vpr`"),
        ({"each": "/each"}, "limits money without its currency"),
        ({"each": "/eech", "currency": "/currency"}, "`each` at `/eech`, which `vrp` does not declare"),
        ({"calls": "/each"}, "`calls` at a member that is not of type integer"),
        ({"calls": "/rate"}, "`calls` at a member that is not of type integer"),
        ({"ends": "/many"}, "`ends` at a member that is not of type string"),
        ({"calls": "/many", "zone": "Nowhere"}, "`Nowhere`, which is not known"),
    ],
)
def test_what_does_not_fit_is_told(said: dict[str, Any], told: str) -> None:
    assert any(told in one for one in mistakes(**said))


def test_money_needs_its_facts() -> None:
    found = mistakes(facts=None, each="/each", currency="/currency")
    assert [one.partition(";")[0] for one in found] == [
        "rules: the rule `r` needs the fact `amount`",
        "rules: the rule `r` needs the fact `currency`",
    ]
