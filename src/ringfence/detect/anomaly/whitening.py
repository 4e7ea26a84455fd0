"""Take out what a window has from the one before: AR(1) residuals, `(z_t - ρ^g·z_{t-g}) / √(1 - ρ^{2g})`.

ρ is estimated for each kind of entity and feature from neighbouring windows, by sums that fade from day to day.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

from ringfence.detect.anomaly.baseline import WIDTH

FADES: Final = 0.9
"""What is left of the sums after a day."""
HIGHEST: Final = 0.95
FARTHEST: Final = 12
"""Windows after which the one before says nothing any more."""
FEWEST: Final = 50.0
"""Pairs below which ρ counts as 0."""
CUT: Final = 6.0
"""Deviations of the window before beyond which no more is taken out."""
LEARNED_CUT: Final = 2.5
"""Deviations beyond which a value counts as that far when ρ is learned: an attack must not teach us that attacks go on."""


class Whitening:
    """ρ of the features of one kind of entity."""

    def __init__(self) -> None:
        """Take nothing out yet."""
        self.rho = [0.0] * WIDTH
        self._both = [0.0] * WIDTH
        self._before = [0.0] * WIDTH
        self._pairs = 0.0

    def residual(self, z: Sequence[float], before: Sequence[float], gap: int) -> list[float]:
        """Return what is new in `z`; `before`: the values `gap` windows earlier, empty where there are none."""
        if not before or gap > FARTHEST:
            return list(z)
        if gap == 1:
            self._learn(z, before)
        found = []
        for now, then, rho in zip(z, before, self.rho, strict=True):
            left = rho**gap
            found.append((now - left * max(-CUT, min(CUT, then))) / math.sqrt(1.0 - left * left))
        return found

    def _learn(self, z: Sequence[float], before: Sequence[float]) -> None:
        self._pairs += 1.0
        for n in range(WIDTH):
            then = max(-LEARNED_CUT, min(LEARNED_CUT, before[n]))
            self._both[n] += max(-LEARNED_CUT, min(LEARNED_CUT, z[n])) * then
            self._before[n] += then * then

    def estimate(self) -> None:
        """Find ρ anew."""
        if self._pairs >= FEWEST:
            self.rho = [
                max(0.0, min(HIGHEST, both / before)) if before > 0 else 0.0
                for both, before in zip(self._both, self._before, strict=True)
            ]
        self._both = [value * FADES for value in self._both]
        self._before = [value * FADES for value in self._before]
        self._pairs *= FADES

    def snapshot(self) -> list[Any]:
        """Return the state as plain values."""
        return [self.rho, self._both, self._before, self._pairs]

    def restore(self, saved: Sequence[Any]) -> None:
        """Go on from a snapshot."""
        self.rho, self._both, self._before, self._pairs = saved
