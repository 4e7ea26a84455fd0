from ringfence.detect.anomaly.statistics import deviation, median


def test_outliers_move_neither() -> None:
    assert median([3.0, 1.0, 2.0, 1e9]) == 2.0
    assert median([]) == 0.0
    assert deviation([1.0, 2.0, 3.0, 4.0, 1e9], 3.0) == 1.4826
    assert deviation([], 0.0) == 0.0
