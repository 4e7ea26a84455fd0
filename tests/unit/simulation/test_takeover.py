import random
from typing import Any

import pytest

from ringfence.detect.engine import Engine
from ringfence.detect.load import shipped
from ringfence.events import Event
from ringfence.events.calls import CallDecided
from ringfence.events.logins import AuthenticatorEnrolled, LoginDecided
from ringfence.simulation import takeover
from ringfence.simulation.plan import FORMS, Plan
from ringfence.simulation.population import populate
from ringfence.simulation.rhythm import DAY
from ringfence.simulation.scribe import Scribe, Truth
from ringfence.simulation.traffic import Simulation

ALL = (takeover.account_takeover, takeover.partner_takeover, takeover.object_counting)


def events(attack: Any, form: Any, seed: int = 51) -> list[Event]:
    rng = random.Random(seed)
    told = list(attack(Plan(0.0, form, populate(50, rng), Scribe(rng, 0.0), Truth(attack="a"))))
    assert all(one.truth == Truth(attack="a") for one in told)
    return [one.event for one in told]


@pytest.mark.parametrize("attack", ALL)
@pytest.mark.parametrize("form", FORMS)
def test_they_are_drawn_from_the_seed(attack: Any, form: Any) -> None:
    assert events(attack, form) == events(attack, form)
    assert events(attack, form) != events(attack, form, 52)


def test_what_each_is_about() -> None:
    taken = events(takeover.account_takeover, "easy")
    assert {type(one) for one in taken} == {LoginDecided, AuthenticatorEnrolled, CallDecided}
    assert {one.payee for one in taken if isinstance(one, CallDecided)} == {"new"}
    shifted = events(takeover.partner_takeover, "easy")
    assert {one.operation for one in shifted if isinstance(one, CallDecided)} == {"ListAccounts", "CreatePayment"}
    counted = events(takeover.object_counting, "easy")
    assert len({one.object for one in counted if isinstance(one, CallDecided)}) == len(counted)


@pytest.mark.parametrize(
    ("attack", "rules"),
    [
        ("account-takeover", {"account-takeover", "account-takeover-payment"}),
        ("partner-takeover", {"partner-shift"}),
        ("object-counting", {"object-probing"}),
    ],
)
def test_the_shipped_rules_see_the_easy_form(attack: str, rules: set[str]) -> None:
    world = Simulation(80, random.Random(7))
    engine, seen = Engine(shipped()), set[str]()
    for position, told in enumerate(world.run(2.5, [world.attack(attack, "easy", 2 * DAY)]), 1):
        for alert in engine.feed(position, told.event):
            seen.add(alert.rule)
    assert rules & seen
