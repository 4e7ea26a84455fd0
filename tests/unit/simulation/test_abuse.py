import random
from typing import Any

import pytest

from ringfence.events.calls import CallDecided
from ringfence.problem import Reason
from ringfence.simulation import abuse
from ringfence.simulation.plan import FORMS, Plan
from ringfence.simulation.population import populate
from ringfence.simulation.scribe import Scribe, Truth

ALL = (
    abuse.stolen_token,
    abuse.token_in_two_places,
    abuse.object_probing,
    abuse.path_probing,
    abuse.injection,
    abuse.limit_pushing,
    abuse.bulk_reading,
)


def calls(attack: Any, form: Any, seed: int = 51) -> list[CallDecided]:
    rng = random.Random(seed)
    told = list(attack(Plan(0.0, form, populate(50, rng), Scribe(rng, 0.0), Truth(attack="a"))))
    assert all(one.truth == Truth(attack="a") for one in told)
    events = [one.event for one in told]
    assert all(isinstance(event, CallDecided) for event in events)
    return events  # type: ignore[return-value]


@pytest.mark.parametrize("attack", ALL)
@pytest.mark.parametrize("form", FORMS)
def test_attacks_are_drawn_from_the_seed_and_told_in_real_reasons(attack: Any, form: Any) -> None:
    events = calls(attack, form)
    assert events == calls(attack, form)
    assert events != calls(attack, form, 52)
    assert {event.reason for event in events} <= {""} | {reason.value for reason in Reason}
    slow = calls(attack, "slow")
    assert slow[-1].at / len(slow) > 2, "a slow one takes its time"


def test_what_each_attack_is_about() -> None:
    assert {e.reason for e in calls(abuse.stolen_token, "easy")} == {"proof-key"}
    places = calls(abuse.token_in_two_places, "easy")
    assert len({e.grant for e in places}) == 1
    assert len({e.network for e in places}) >= 4
    assert len({e.network for e in calls(abuse.token_in_two_places, "slow")}) == 1
    assert {e.reason for e in calls(abuse.object_probing, "easy")} == {"", "object-not-granted"}
    assert len({e.path for e in calls(abuse.path_probing, "easy")}) >= 30
    assert {e.reason for e in calls(abuse.injection, "easy")} == {"suspicious-text"}
    assert sum(e.response_bytes for e in calls(abuse.bulk_reading, "easy")) > 60_000_000
    for attack in (abuse.object_probing, abuse.injection, abuse.limit_pushing, abuse.bulk_reading):
        assert len({e.client for e in calls(attack, "distributed")}) >= 5
