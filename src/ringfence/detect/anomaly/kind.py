"""One kind of entity: its peers, its residuals, its tails and its calibrations, estimated anew once a day."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from ringfence.detect.anomaly.baseline import WIDTH, Own, Peers
from ringfence.detect.anomaly.conformal import Calibration, Uniformity
from ringfence.detect.anomaly.tails import Tails
from ringfence.detect.anomaly.whitening import Whitening

BLOCKS: Final = 4
"""Parts of the day that have a calibration each."""
WINDOWS_A_DAY: Final = 288
SETTLING_DAYS: Final = 3
"""Days whose scores are no measure for later ones: what is usual was only being found."""


class Judged(NamedTuple):
    """What a window comes to."""

    z: list[float]
    expected: list[float]
    terms: list[float]
    p: float


class Kind:
    """What is known of all entities of a kind."""

    def __init__(self) -> None:
        """Know nothing."""
        self.peers = Peers()
        self.whitening = Whitening()
        self.tails = Tails()
        self.calibrations = [Calibration() for _ in range(BLOCKS)]
        self.uniformity = Uniformity()
        self.estimated_on = -1
        self._estimates = 0

    def judge(
        self, window: int, row: Sequence[float], own: Own, before: tuple[int, Sequence[float]], u: float
    ) -> Judged:
        """Return what a window comes to, and learn it.

        Args:
            window: its number.
            row: its features.
            own: the entity.
            before: the number and the standardised values of the entity's window before, empty where there is none.
            u: what breaks ties, of (0, 1).
        """
        expected = own.expected(self.peers, window)
        scale = own.scale or self.peers.scale
        z = [(row[n] - expected[n]) / scale[n] for n in range(WIDTH)]
        residual = self.whitening.residual(z, before[1], window - before[0])
        terms = self.tails.terms(residual)
        block = window % WINDOWS_A_DAY * BLOCKS // WINDOWS_A_DAY
        p = self.calibrations[block].p_value(sum(terms), u)
        self.uniformity.add(p)
        self.peers.add(window, row)
        own.rows.add(window, row)
        return Judged(z, expected, terms, p)

    def estimate(self, day: int) -> None:
        """Find anew what is usual."""
        self.peers.estimate()
        self.whitening.estimate()
        self.tails.estimate()
        self.uniformity.fade()
        self.estimated_on = day
        self._estimates += 1
        if self._estimates <= SETTLING_DAYS:
            self.calibrations = [Calibration() for _ in range(BLOCKS)]
            self.uniformity = Uniformity()

    def snapshot(self) -> list[Any]:
        """Return the state as plain values."""
        return [self.peers.snapshot(), self.whitening.snapshot(), self.tails.snapshot(),
                [one.snapshot() for one in self.calibrations], self.uniformity.snapshot(), self.estimated_on, self._estimates]  # fmt: skip

    def restore(self, saved: Sequence[Any]) -> None:
        """Go on from a snapshot."""
        self.peers.restore(saved[0])
        self.whitening.restore(saved[1])
        self.tails.restore(saved[2])
        self.calibrations = [Calibration.restored(one) for one in saved[3]]
        self.uniformity.restore(saved[4])
        self.estimated_on, self._estimates = saved[5:]
