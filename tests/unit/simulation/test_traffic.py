import random

import pytest

from ringfence.events import encode
from ringfence.simulation.plan import FORMS
from ringfence.simulation.rhythm import DAY, HOUR
from ringfence.simulation.scribe import Told
from ringfence.simulation.traffic import ATTACKS, START, Simulation


def stream(seed: int) -> list[Told]:
    world = Simulation(80, random.Random(seed))
    attacks = [world.attack(name, "easy", 9 * HOUR, n) for n, name in enumerate(ATTACKS)]
    return list(world.run(1, attacks))


def test_the_same_seed_makes_the_same_events_byte_for_byte() -> None:
    first = [(encode(told.event), told.truth) for told in stream(61)]
    assert [(encode(told.event), told.truth) for told in stream(61)] == first
    assert [(encode(told.event), told.truth) for told in stream(62)] != first


def test_everything_is_in_order_and_no_attack_is_lost() -> None:
    told = stream(63)
    times = [one.at for one in told]
    assert times == sorted(times)
    assert all(one.event.at == START + one.at for one in told)
    world = Simulation(80, random.Random(63))
    made = [world.attack(name, "easy", 9 * HOUR, n) for n, name in enumerate(ATTACKS)]
    assert sum(1 for one in told if one.truth and one.truth.attack) == sum(map(len, made))


@pytest.mark.parametrize("form", FORMS)
def test_every_attack_comes_in_every_form_in_order(form) -> None:  # type: ignore[no-untyped-def]
    world = Simulation(50, random.Random(64))
    for name in ATTACKS:
        told = world.attack(name, form, 5.0, 3)
        assert [one.at for one in told] == sorted(one.at for one in told)
        assert {(t.attack, t.form, t.number) for one in told if (t := one.truth)} == {(name, form, 3)}


def test_a_later_hour_of_the_week_begins_there() -> None:
    world = Simulation(80, random.Random(65))
    told = list(world.run(0.25, [], first_hour=100))
    assert 100 * HOUR <= told[0].at < 101 * HOUR
    assert told[-1].at < 100 * HOUR + DAY / 4 + HOUR
