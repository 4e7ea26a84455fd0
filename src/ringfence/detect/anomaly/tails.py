"""How far out a window is: the sum over its features of -log of the share of windows that were as far out.

The shares are those of a histogram for each kind of entity and feature, which fades from day to day. The terms of the
sum are the reasons: what makes the score is what is told.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

from ringfence.detect.anomaly.baseline import WIDTH

LOWEST, WIDE, BINS = -4.0, 0.25, 80
"""Residuals from -4 to 16; what lies beyond counts as the last."""
FADES: Final = 0.9


class Tails:
    """The histograms of one kind of entity."""

    def __init__(self) -> None:
        """Find nothing strange yet."""
        self._counts = [[0.0] * BINS for _ in range(WIDTH)]
        self._terms = [[0.0] * BINS for _ in range(WIDTH)]

    def terms(self, residual: Sequence[float]) -> list[float]:
        """Return -log of each feature's tail, in nats, and learn the window."""
        found = []
        for n, value in enumerate(residual):
            place = min(BINS - 1, max(0, int((value - LOWEST) / WIDE)))
            self._counts[n][place] += 1.0
            found.append(self._terms[n][place])
        return found

    def estimate(self) -> None:
        """Find the tails anew."""
        for n, counts in enumerate(self._counts):
            whole, above = sum(counts) + 1.0, 1.0
            for place in range(BINS - 1, -1, -1):
                above += counts[place]
                self._terms[n][place] = max(0.0, -math.log(above / whole))
            self._counts[n] = [count * FADES for count in counts]

    def snapshot(self) -> list[Any]:
        """Return the state as plain values."""
        return [self._counts, self._terms]

    def restore(self, saved: Sequence[Any]) -> None:
        """Go on from a snapshot."""
        self._counts, self._terms = saved
