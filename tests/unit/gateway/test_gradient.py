"""The limit follows what the upstream can do. Time is simulated: a minute takes a second."""

import statistics

import msgspec
import pytest
from simulated_upstream import Simulation

from ringfence.gateway.gradient import LONGEST, WINDOW_ANSWERS, Gradient
from ringfence.gateway.line import Priority
from ringfence.policy.overload_model import Overload

CAPACITY, SECONDS = 20, 0.05
PEAK = CAPACITY / SECONDS
"""Calls a second that the upstream can do."""


@pytest.fixture
def busy() -> Simulation:
    """An upstream that has been used at half of what it can do."""
    simulation = Simulation(Overload(), capacity=CAPACITY, seconds=SECONDS)
    simulation.run(10, PEAK / 2)
    assert not simulation.shed
    return simulation


def served(simulation: Simulation, seconds: float) -> float:
    """Answers in time, as a share of what the upstream can do."""
    return sum(simulation.done.values()) / (seconds * simulation.capacity / simulation.seconds)


@pytest.mark.parametrize("times", [1, 2, 5, 20])
def test_goodput_stays_near_its_peak_whatever_is_offered(busy: Simulation, times: int) -> None:
    busy.run(10, PEAK * times)
    assert served(busy, 10) > 0.95
    assert statistics.median(busy.limits) < 2 * CAPACITY


def test_a_worker_that_starts_in_the_middle_of_an_overload_learns_what_is_at_ease() -> None:
    simulation = Simulation(Overload(), capacity=CAPACITY, seconds=SECONDS)
    simulation.run(60, PEAK * 5)
    assert served(simulation, 60) > 0.95
    assert simulation.line.gradient.at_ease("op") == pytest.approx(SECONDS, rel=0.1)


def test_half_the_capacity_and_back_again(busy: Simulation) -> None:
    busy.run(10, PEAK * 3)
    before = statistics.median(busy.limits)
    busy.capacity //= 2
    busy.run(10, PEAK * 3)
    assert statistics.median(busy.limits) < before * 0.7
    assert served(busy, 10) > 0.9
    busy.capacity *= 2
    busy.run(10, PEAK * 3)
    assert statistics.median(busy.limits) > before * 0.8
    assert served(busy, 10) > 0.9


def test_a_spike_of_latency_passes(busy: Simulation) -> None:
    busy.seconds = SECONDS * 10
    busy.run(3, PEAK / 2)
    assert min(busy.limits) < CAPACITY
    busy.seconds = SECONDS
    busy.run(5, PEAK / 2)
    busy.run(5, PEAK / 2)
    assert not busy.shed


def test_an_upstream_that_has_become_slower_for_good_gets_its_calls_again() -> None:
    simulation = Simulation(Overload(), capacity=1000, seconds=SECONDS)
    simulation.run(10, 400)
    simulation.seconds *= 10  # 200 at once, and it could do 1000
    simulation.run(30, 400)
    simulation.run(10, 400)
    assert sum(simulation.shed.values()) < 0.02 * sum(simulation.done.values())


def test_times_that_vary_widely_are_no_congestion() -> None:
    simulation = Simulation(Overload(), capacity=1000, seconds=SECONDS)
    simulation.service = lambda _operation: simulation.chosen.choice([0.002, 0.002, 0.3])
    simulation.run(20, 1500)
    simulation.run(10, 1500)
    assert not simulation.shed


def test_another_mix_of_operations_is_no_congestion() -> None:
    simulation = Simulation(Overload(), capacity=1000, seconds=SECONDS)
    simulation.service = lambda operation: 0.01 if operation == "quick" else 0.2
    simulation.run(5, 300, operation="quick")
    simulation.run(5, 50, operation="slow")
    before = simulation.line.gradient.limit
    simulation.run(10, 300, operation="slow")
    assert not simulation.shed
    assert simulation.line.gradient.limit >= before


def test_idleness_changes_nothing(busy: Simulation) -> None:
    limit, ease = busy.line.gradient.limit, busy.line.gradient.at_ease("op")
    busy.run(3600, 0)
    busy.run(1, PEAK / 2)
    assert (busy.line.gradient.limit, busy.line.gradient.at_ease("op")) == (limit, pytest.approx(ease, rel=0.05))
    assert not busy.shed


def test_few_calls_never_move_the_limit() -> None:
    gradient = Gradient(Overload(), 128)
    for number in range(1000):
        gradient.answered("op", 0.001 * (number % 50), 1, now=number * 1.0)
    assert gradient.limit == Overload().begin


def test_where_the_upstream_refuses_itself_it_gets_fewer() -> None:
    gradient = Gradient(Overload(least=3), 128)
    for number in range(2000):
        gradient.answered("op", 0.05, gradient.limit, now=number * 0.01)
        gradient.dropped(gradient.limit, now=number * 0.01)
    assert gradient.limit == 3


def test_a_hung_answer_counts_no_more_than_some_others() -> None:
    gradient = Gradient(Overload(), 128)
    for number in range(WINDOW_ANSWERS * 2):
        gradient.answered("op", 0.05, 1, now=number * 0.01)
    gradient.answered("op", 3600.0, 1, now=1.0)
    for number in range(WINDOW_ANSWERS):
        gradient.answered("op", 0.05, 1, now=1.0 + number * 0.01)
    assert gradient.at_ease("op") < 0.05 * (1 + LONGEST / WINDOW_ANSWERS)


def test_other_settings_hold_at_once_and_nothing_is_unlearned(busy: Simulation) -> None:
    gradient = busy.line.gradient
    ease = gradient.at_ease("op")
    gradient.follow(msgspec.structs.replace(Overload(), least=2), 10)
    assert (gradient.limit, gradient.at_ease("op")) == (10, ease)
    gradient.follow(Overload(least=50), 100)
    assert gradient.limit == 50
    gradient.follow(Overload(least=50), 5)
    assert gradient.limit == 5


def test_a_probe_that_gets_no_answers_ends() -> None:
    simulation = Simulation(Overload(), capacity=CAPACITY, seconds=SECONDS)
    gradient = simulation.line.gradient
    while not gradient.probing:
        simulation.run(0.1, PEAK * 2, {Priority.WRITE: 1.0})
    limit = gradient.limit
    gradient.answered("op", 20.0, limit, simulation.now + 10)
    assert not gradient.probing
    assert gradient.limit >= 2 * limit - 1
