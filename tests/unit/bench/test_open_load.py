"""Calls that are due, and figures of what came of them."""

import itertools
import math
import random

import pytest

from bench.open_load import by_chance, percentile


def test_independent_callers_call_as_often_as_told() -> None:
    moments = by_chance(200.0, 10.0, random.Random(1))
    assert moments == sorted(moments)
    assert moments[0] > 0
    assert moments[-1] < 10
    assert len(moments) == pytest.approx(2000, rel=0.1)
    gaps = [after - before for before, after in itertools.pairwise(moments)]
    assert sum(gap < 0.001 for gap in gaps) > 200  # by chance, not in step


def test_percentiles() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile(list(range(1000)), 0.99) == 990
    assert percentile([5.0], 0.99) == 5.0
    assert math.isnan(percentile([], 0.5))
