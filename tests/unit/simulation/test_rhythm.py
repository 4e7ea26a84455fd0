import random
import statistics

from ringfence.simulation.rhythm import DEVIATION, HOURS_OF_WEEK, RHO, busy, hour_of_week, next_noise, poisson


def test_the_week_has_quiet_nights_and_one_on_average() -> None:
    week = [hour_of_week(hour) for hour in range(HOURS_OF_WEEK)]
    assert abs(statistics.fmean(week) - 1) < 1e-9
    assert week[3] < week[12] / 5, "Monday, 03:00 and 12:00"
    assert week[8] != week[5 * 24 + 8], "Monday is not Saturday"
    assert hour_of_week(HOURS_OF_WEEK + 5) == week[5]


def test_noise_remembers_half_of_the_hour_before() -> None:
    rng, noise, series = random.Random(3), 0.0, []
    for _ in range(40_000):
        noise = next_noise(noise, rng)
        series.append(noise)
    assert abs(statistics.stdev(series) - DEVIATION) < 0.02
    assert abs(statistics.correlation(series[:-1], series[1:]) - RHO) < 0.02
    assert abs(statistics.fmean(map(busy, series)) - 1) < 0.02


def test_poisson_numbers_have_their_mean() -> None:
    rng = random.Random(4)
    for rate in (0.0, 0.3, 5.0, 80.0):
        drawn = [poisson(rate, rng) for _ in range(8000)]
        assert abs(statistics.fmean(drawn) - rate) < 0.05 * rate + 0.02
        assert min(drawn) >= 0
