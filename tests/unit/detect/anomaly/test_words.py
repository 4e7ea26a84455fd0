import math

from ringfence.detect.anomaly.features import BYTES, CALLS, FAILED, FEATURES, HOUR, SHARE
from ringfence.detect.anomaly.words import MOST, reasons, words


def test_what_makes_the_score_is_told_and_nothing_else() -> None:
    terms = [0.0] * len(FEATURES)
    terms[BYTES], terms[CALLS], terms[HOUR], terms[FAILED] = 6.8, 3.0, 0.2, 2.0
    assert reasons(terms) == [BYTES, CALLS, FAILED]
    assert len(reasons([5.0] * len(FEATURES))) == MOST
    assert reasons([0.1] * len(FEATURES)) == [0], "something is always said"


def test_numbers_are_those_that_were_counted() -> None:
    assert words(CALLS, math.log1p(312), math.log1p(40), math.log(900)) == "calls 312, expected 40 (1 in 900)"
    assert words(BYTES, math.log1p(41_000), math.log1p(3.2), 6.8) == "KB answered 41,000, expected 3.2 (1 in 898)"
    assert words(SHARE, math.log(9), math.log(1 / 9), 3.0) == "share refused 90%, expected 10% (1 in 20)"
    assert words(HOUR, 5.0, 2.5, 3.0) == "unusual hour (5.0 nats, expected 2.5, 1 in 20)"
    assert "expected 0.0" in words(FAILED, math.log1p(5), -0.4, 99.0)
