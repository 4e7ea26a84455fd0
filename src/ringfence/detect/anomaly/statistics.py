"""Medians and deviations that a few outliers cannot move."""

from collections.abc import Sequence
from typing import Final

AS_DEVIATION: Final = 1.4826
"""Of normal values, the median absolute deviation times this is the standard deviation."""


def median(values: Sequence[float]) -> float:
    """Return the middle value, of an even number the lower of the two; 0 of none."""
    return sorted(values)[(len(values) - 1) // 2] if values else 0.0


def deviation(values: Sequence[float], middle: float) -> float:
    """Return the median absolute deviation, on the scale of a standard deviation; 0 of none."""
    return AS_DEVIATION * median([abs(value - middle) for value in values])
