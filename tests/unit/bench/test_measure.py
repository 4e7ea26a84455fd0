from bench.measure import Run, middle


def test_the_median_stands_in_the_row_and_the_ratio_is_to_envoy():
    runs = [Run(100, 300, 1, 2), Run(90, 500, 2, 9), Run(110, 400, 3, 4)]
    figures = middle("x", runs, envoy_us=80)
    assert (figures.calls_per_s, figures.cpu_us_per_call, figures.p50_ms, figures.p99_ms) == (100, 400, 2, 4)
    assert figures.ratio_to_envoy == 5


def test_envoy_is_its_own_measure():
    assert middle("x", [Run(1, 80, 1, 1)]).ratio_to_envoy == 1
