import random

import msgspec
import pytest

from ringfence.detect.anomaly.conformal import BINS, Calibration, Uniformity, draw


def test_p_values_of_like_scores_are_uniform_whatever_their_shape() -> None:
    calibration, uniform, rng = Calibration(), Uniformity(), random.Random(4)
    small = 0
    for n in range(20_000):
        p = calibration.p_value(rng.lognormvariate(0, 2), draw("s", n))
        assert 0 < p <= 1
        uniform.add(p)
        small += p <= 0.01
    assert uniform.distance() < 0.02
    assert 140 < small < 260


def test_ties_are_broken_at_random_so_that_few_values_are_uniform_too() -> None:
    calibration, uniform = Calibration(), Uniformity()
    for n in range(20_000):
        uniform.add(calibration.p_value(float(n % 2), draw("s", n)))
    assert uniform.distance() < 0.02


def test_against_a_simple_count() -> None:
    calibration, rng, kept = Calibration(100), random.Random(5), []
    for n in range(500):
        score, u = rng.randrange(200) * 0.5, draw("s", n)
        place = min(BINS - 1, int(score / 0.05))
        window = kept[-100:]
        wanted = (sum(k > place for k in window) + u * (window.count(place) + 1)) / (len(window) + 1)
        assert calibration.p_value(score, u) == pytest.approx(wanted)
        kept.append(place)
    assert len(calibration) == 100


def test_points_that_raised_an_alarm_stay_so_that_what_goes_on_becomes_usual() -> None:
    calibration = Calibration()
    for n in range(1000):
        calibration.p_value(1.0, draw("s", n))
    first = calibration.p_value(50.0, 0.5)
    for n in range(100):
        calibration.p_value(50.0, draw("t", n))
    assert first < 0.001
    assert calibration.p_value(50.0, 0.5) > 0.03


def test_draws_follow_from_what_they_are_for_and_snapshots_are_gone_on_from() -> None:
    assert draw("s", "user", "u", 1) == draw("s", "user", "u", 1)
    assert len({draw("s", "user", "u", n) for n in range(100)}) == 100
    assert draw("s", "a", "b") != draw("s", "ab", "")
    assert 0 < draw("s", "\ud800") < 1
    calibration, uniform = Calibration(50), Uniformity()
    for n in range(120):
        uniform.add(calibration.p_value(n % 7, draw("s", n)))
    uniform.fade()
    again, same = (
        Calibration.restored(msgspec.msgpack.decode(msgspec.msgpack.encode(calibration.snapshot()))),
        Uniformity(),
    )
    same.restore(uniform.snapshot())
    assert same.distance() == uniform.distance()
    for n in range(60):
        assert again.p_value(n % 5, 0.3) == calibration.p_value(n % 5, 0.3)
