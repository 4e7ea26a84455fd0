"""c = base·(1 + k·r^p) / trust: how risk rises, is held and falls, and how trust is earned and lost."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.clock import Instant
from ringfence.policy.limits_model import Adaptive, Trust
from ringfence.store.adaptive import History, blemished, blemished_row, history_row, read_history, weigh
from ringfence.store.interface import Weighed, Weight

NOW = 1_760_000_000.0
RULE = Adaptive(factor=4, power=2, hysteresis=0.2, hold_seconds=300)
TRUST = Trust(up_to=3, after_calls=100, half_life_seconds=1000, clean_below=0.2)
EARNING = Adaptive(factor=4, power=2, hold_seconds=300, trust=TRUST)


class Client:
    """One sharer of one limit."""

    def __init__(self, rule: Adaptive = RULE) -> None:
        self.rule = rule
        self.history = History()

    def call(self, risk: float, at: float = 0.0, base: float = 1.0, most: float = 100.0, **more: Any) -> Weighed:
        weight = Weight(self.rule, risk, most, **more)
        weighed, self.history = weigh(weight, base, self.history, Instant(NOW + at))
        return weighed


@pytest.mark.parametrize(
    ("risk", "base", "cost"), [(0.0, 1, 1), (0.5, 1, 2), (1.0, 1, 5), (0.5, 3, 6), (0.1, 1, 1.04), (1.0, 30, 100)]
)
def test_the_formula(risk: float, base: float, cost: float) -> None:
    assert Client().call(risk, base=base).cost == pytest.approx(cost)


def test_a_risk_counts_at_once_and_is_held_for_its_time() -> None:
    client = Client()
    assert [client.call(r, at).risk for r, at in ((0.0, 0), (0.8, 1), (0.1, 2), (0.0, 300), (0.0, 302))] == [
        0.0,
        0.8,
        0.8,
        0.8,
        0.0,
    ]
    assert client.call(0.0, 303).cost == 1


def test_a_risk_that_stays_near_keeps_the_level_and_one_that_is_far_does_not() -> None:
    near, far = Client(), Client()
    near.call(0.8)
    far.call(0.8)
    assert [near.call(0.7, at).risk for at in (250, 500, 750)] == [0.8] * 3
    assert [far.call(0.6, at).risk for at in (250, 500, 750)] == [0.8, 0.6, 0.6]


def test_a_risk_wavers_without_the_cost_wavering() -> None:
    client = Client()
    client.call(0.6)
    costs = {client.call(0.6 - 0.1 * (i % 2), i * 250).cost for i in range(20)}
    assert len(costs) == 1


def test_the_smallest_level_goes_too() -> None:
    client = Client()
    client.call(0.001)
    assert client.call(0.0, 301).risk == 0.0


def test_who_calls_cleanly_for_long_earns_more_up_to_the_bound() -> None:
    client = Client(EARNING)
    costs = [client.call(0.0).cost for _ in range(200)]
    assert costs[0] == 1
    assert costs == sorted(costs, reverse=True)
    assert costs[50] == pytest.approx(1 / 2)
    assert costs[100] == costs[199] == pytest.approx(1 / 3)


def test_trust_fades() -> None:
    client = Client(EARNING)
    for _ in range(100):
        client.call(0.0)
    assert client.call(0.0, 1000).trust == pytest.approx(2.0)
    assert client.call(0.0, 100_000).trust == pytest.approx(1.0, abs=1e-6)


def test_while_a_risk_counts_trust_does_not_and_nothing_is_earned() -> None:
    client = Client(EARNING)
    for _ in range(100):
        client.call(0.0)
    assert client.call(0.5).cost == 2
    assert client.call(0.0, 1).cost == 2
    assert client.history.score < 100
    assert client.call(0.0, 400).trust > 2


def test_a_refused_call_halves_what_was_earned() -> None:
    client = Client(EARNING)
    for _ in range(100):
        client.call(0.0)
    client.history = blemished(client.history)
    assert client.call(0.0).trust == pytest.approx(2.0)


def test_risk_makes_an_approved_payment_no_dearer_and_trust_makes_it_cheaper() -> None:
    client = Client(EARNING)
    assert client.call(1.0, floor=True).cost == 1
    assert client.call(1.0).cost == 5


def test_no_risk_makes_a_call_impossible() -> None:
    steep = Client(Adaptive(factor=1000, power=0.1))
    assert steep.call(1.0, base=2, most=41).cost == 41


def test_a_clock_that_is_set_back_neither_holds_for_ever_nor_earns() -> None:
    client = Client(EARNING)
    client.call(0.9, 86_400)
    assert client.call(0.0, 0).risk == 0.9
    assert client.call(0.0, 299).risk == 0.9
    assert client.call(0.0, 301).risk == 0.0
    client = Client(EARNING)
    for _ in range(100):
        client.call(0.0, 86_400)
    assert client.call(0.0, 0).trust == pytest.approx(3.0)


def test_a_row_keeps_a_history() -> None:
    client = Client(EARNING)
    client.call(0.1)
    row = history_row(client.history, Weight(EARNING, 0.0, 9.0))
    assert read_history(row) == client.history
    assert read_history(blemished_row(row)) == blemished(client.history)
    assert read_history(None) == History()


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1e9), st.booleans()), max_size=30),
    st.floats(0, 1000),
    st.floats(0.1, 10),
    st.floats(0, 0.999),
)
def test_every_cost_lies_within_its_bounds(
    calls: list[tuple[float, float, bool]], factor: float, power: float, hysteresis: float
) -> None:
    client = Client(Adaptive(factor=factor, power=power, hysteresis=hysteresis, trust=TRUST))
    for risk, at, floor in calls:
        weighed = client.call(risk, at, base=2, most=50, floor=floor)
        assert 0 <= weighed.risk <= 1
        assert 1 <= weighed.trust <= 3
        assert math.isfinite(client.history.score)
        assert 2 / 3 <= weighed.cost <= (2 if floor else 50)
