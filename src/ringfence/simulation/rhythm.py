"""How busy an hour is: the cycle of the week, and noise that remembers the hour before."""

import math
import random
from typing import Final

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
HOURS_OF_WEEK: Final = 168
RHO: Final = 0.5
"""How much of an hour's deviation is left in the next."""
DEVIATION: Final = 0.7
"""Standard deviation of the logarithm of an entity's hourly rate."""
MOST_BY_PRODUCT: Final = 30.0
"""Rate up to which a Poisson number is drawn by Knuth's product; above, the normal approximation is close enough."""

_WORKDAY: Final = (1, 1, 1, 1, 1, 2, 6, 14, 18, 16, 14, 14, 18, 16, 13, 13, 14, 16, 18, 19, 18, 13, 7, 3)
_WEEKEND: Final = (2, 2, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 13, 12, 11, 11, 11, 12, 13, 14, 13, 10, 6, 4)


def hour_of_week(hour: int) -> float:
    """Return how busy an hour is, 1 on average over the week; hour 0 begins on Monday."""
    day, at = divmod(hour % HOURS_OF_WEEK, 24)
    shape = _WEEKEND if day >= 5 else _WORKDAY  # noqa: PLR2004 - Saturday
    return shape[at] * _SCALE


_SCALE: Final = HOURS_OF_WEEK / (5 * sum(_WORKDAY) + 2 * sum(_WEEKEND))


def next_noise(noise: float, rng: random.Random) -> float:
    """Return the next hour's deviation (AR(1), stationary at `DEVIATION`)."""
    return RHO * noise + rng.gauss(0.0, DEVIATION * math.sqrt(1 - RHO * RHO))


def busy(noise: float) -> float:
    """Return the factor of a deviation, 1 on average."""
    return math.exp(noise - DEVIATION * DEVIATION / 2)


def poisson(rate: float, rng: random.Random) -> int:
    """Return how many of something that happens `rate` times on average."""
    if rate > MOST_BY_PRODUCT:
        return max(0, round(rng.gauss(rate, math.sqrt(rate))))
    floor, product, count = math.exp(-rate), rng.random(), 0
    while product > floor:
        product *= rng.random()
        count += 1
    return count
