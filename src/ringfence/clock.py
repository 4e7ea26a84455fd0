"""Time as an argument: instants, durations and the one place that reads the machine's clock."""

import time
from collections.abc import Callable
from typing import NewType

Instant = NewType("Instant", float)
"""Seconds since the Unix epoch, fractions included."""

Seconds = float
"""A length of time in seconds."""

Clock = Callable[[], Instant]
"""Returns the present. Passed in, so that a test can choose it."""


def system_clock() -> Instant:
    """Return the machine's wall-clock time in seconds since the Unix epoch."""
    return Instant(time.time())


def monotonic_seconds() -> float:
    """Return a clock that never goes back, for measuring how long something took, in seconds."""
    return time.perf_counter()
