import random

import msgspec
import pytest

from ringfence.detect.anomaly.baseline import WIDTH
from ringfence.detect.anomaly.tails import Tails


def test_the_farther_out_the_heavier_and_the_term_is_the_share() -> None:
    tails, rng = Tails(), random.Random(2)
    assert tails.terms([9.0] * WIDTH) == [0.0] * WIDTH, "nothing is known yet"
    for _ in range(5000):
        tails.terms([rng.gauss(0, 1)] * WIDTH)
    tails.estimate()
    zero, two, far, farther = (tails.terms([v] * WIDTH)[0] for v in (0.1, 2.1, 8.0, 1e9))
    assert zero == pytest.approx(0.69, abs=0.1)
    assert two == pytest.approx(3.8, abs=0.4)
    assert far > 7
    assert farther >= 7
    assert tails.terms([-1e9] * WIDTH)[0] == 0


def test_what_becomes_usual_weighs_less_and_a_snapshot_is_gone_on_from() -> None:
    tails = Tails()
    for _ in range(1000):
        tails.terms([0.0] * WIDTH)
    tails.terms([5.0] * WIDTH)
    tails.estimate()
    before = tails.terms([5.0] * WIDTH)[0]
    for _ in range(300):
        tails.terms([5.0] * WIDTH)
    tails.estimate()
    again = Tails()
    again.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(tails.snapshot())))
    assert again.terms([5.0] * WIDTH)[0] < before / 2
