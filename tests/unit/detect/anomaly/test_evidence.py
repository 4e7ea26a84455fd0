import math
import random

import pytest

from ringfence.detect.anomaly.evidence import log_e, next_log_m, threshold


def test_what_a_p_value_is_worth_is_one_on_average() -> None:
    steps = 200_000
    mean = sum(math.exp(log_e((n + 0.5) / steps)) for n in range(steps)) / steps
    assert mean == pytest.approx(1.0, abs=0.15), "the mass near 0 that a grid does not see is what is missing"
    assert mean <= 1.0
    assert log_e(1e-6) > log_e(1e-3) > 0 > log_e(0.9)


def test_false_alarms_are_within_the_budget_where_nothing_is_wrong() -> None:
    """W windows a day and c = W/B: at most B alarms a day on average."""
    rng, alarms, windows, budget = random.Random(6), 0, 200_000, 10.0
    bar, log_m = threshold(windows / 20, budget), 0.0
    for _ in range(windows):
        log_m = next_log_m(log_m, 1.0 - rng.random())
        if log_m >= bar:
            alarms, log_m = alarms + 1, 0.0
    assert 0 < alarms / 20 <= budget


def test_weak_evidence_adds_up_and_nothing_is_held_against_a_good_past() -> None:
    log_m = 0.0
    for _ in range(5):
        log_m = next_log_m(log_m, 0.01)
    assert log_m > threshold(10_000, 10)
    for _ in range(1000):
        log_m = next_log_m(log_m, 0.99)
    assert next_log_m(log_m, 0.01) == log_e(0.01)


def test_a_small_world_is_no_reason_to_be_alarmed_at_once() -> None:
    assert threshold(10, 10) == pytest.approx(math.log(20))
