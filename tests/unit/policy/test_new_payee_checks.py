"""Rules about new payees that demand nothing, or need what the operation does not say."""

from typing import Any

import msgspec
import pytest

from ringfence.policy.model import Demands
from ringfence.policy.new_payee_checks import new_payee_mistakes
from ringfence.policy.rules_model import Facts, Rule

FACTS = Facts(creditor="/to", amount="/a", currency="/c")


def mistakes(facts: Facts | None = FACTS, **said: Any) -> list[str]:
    one = msgspec.convert({"name": "r", "payee": said}, Rule)
    return [f"{m}: {w}; {i}" for m, w, i in new_payee_mistakes(Demands(facts=facts, rules=(one,)))]


def test_what_fits() -> None:
    assert mistakes(at_most={"GBP": "100.00"}) == []
    assert mistakes(Facts(creditor="/to"), max_age_seconds=0) == []
    assert mistakes(Facts(creditor="/to"), acr=["strong"]) == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, "rules: the rule `r` demands nothing of a payment to somebody new"),
        ({"acr": ["a"], "keep_seconds": 86_400}, "forgets a payee before it is known"),
        ({"at_most": {"GBP": "1.001"}}, "finer than the currency"),
        ({"at_most": {"JPY": "1.5"}}, "finer than the currency"),
    ],
)
def test_what_does_not_fit_is_told(said: dict[str, Any], told: str) -> None:
    assert any(told in one for one in mistakes(**said))


def test_facts_that_it_needs() -> None:
    found = mistakes(None, at_most={"GBP": "1"})
    assert [one.partition("`; ")[0].rpartition("`")[0].rpartition("`")[2] or one for one in found]
    assert len(found) == 3
    assert len(mistakes(None, acr=["a"])) == 1
