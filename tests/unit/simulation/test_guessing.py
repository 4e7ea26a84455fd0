import random
from collections import Counter
from typing import Any

import pytest

from ringfence.events.logins import LoginDecided
from ringfence.simulation import guessing
from ringfence.simulation.plan import Plan
from ringfence.simulation.population import populate
from ringfence.simulation.scribe import Scribe, Truth


def logins(attack: Any, form: Any = "easy") -> list[LoginDecided]:
    rng = random.Random(41)
    told = list(attack(Plan(0.0, form, populate(50, rng), Scribe(rng, 0.0), Truth(attack="a"))))
    assert all(one.truth == Truth(attack="a") for one in told)
    events = [one.event for one in told]
    assert all(isinstance(event, LoginDecided) for event in events)
    return events  # type: ignore[return-value]


@pytest.mark.parametrize("attack", [guessing.brute_force, guessing.second_factor])
def test_guessing_is_at_one_account(attack: Any) -> None:
    events = logins(attack)
    assert len({event.username_hash for event in events}) == 1
    assert len({event.network for event in events}) == 1
    assert not any(event.allowed for event in events)
    assert len({event.network for event in logins(attack, "distributed")}) > 5


def test_stuffing_tries_each_name_once() -> None:
    events = logins(guessing.stuffing, "distributed")
    assert max(Counter(event.username_hash for event in events).values()) == 1
    assert len({event.network for event in events}) > 15


def test_a_spray_goes_round_and_pauses() -> None:
    for form in ("easy", "slow", "distributed"):
        events = logins(guessing.spray, form)
        rounds = set(Counter(event.username_hash for event in events).values())
        assert len(rounds) == 1
        assert 3 <= rounds.pop() <= 6
        assert sorted(event.at for event in events) == [event.at for event in events]


def test_slow_forms_are_slow() -> None:
    for attack in (guessing.brute_force, guessing.stuffing, guessing.second_factor):
        events = logins(attack, "slow")
        assert (events[-1].at - events[0].at) / (len(events) - 1) >= 45
