"""p-values that hold whatever the score is like: its rank among the newest scores, ties broken at random.

`p = (#greater + U·(#equal + 1)) / (n + 1)` over a ring of all scores, also those that raised an alarm. U comes
from a seed, the entity and the window, so that a replay draws the same.
Bates, Candès, Lei, Romano, Sesia 2023.
"""

import hashlib
from array import array
from collections.abc import Sequence
from typing import Any, Final

MOST: Final = 50_000
"""Scores in one ring."""
BINS: Final = 2_048
WIDE: Final = 0.05
"""Nats of a bin; scores of one bin count as equal."""
SHARES: Final = 20
FADES: Final = 0.9


def draw(seed: str, *what: object) -> float:
    """Return a number of (0, 1) that follows from its arguments."""
    text = "\x1f".join((seed, *map(str, what))).encode("utf-8", "surrogatepass")
    return (int.from_bytes(hashlib.blake2b(text, digest_size=7).digest(), "big") + 0.5) / 2**56


class Calibration:
    """The newest scores of one kind of entity in one part of the day."""

    def __init__(self, most: int = MOST) -> None:
        """Know none."""
        self._most = most
        self._ring = array("H")
        self._next = 0
        self._tree = array("l", [0]) * (BINS + 1)
        self._single = array("l", [0]) * BINS

    def __len__(self) -> int:
        """Return how many scores there are."""
        return len(self._ring)

    def p_value(self, score: float, u: float) -> float:
        """Return the p-value of a score, and keep it among the others."""
        place = min(BINS - 1, int(score / WIDE))
        n, equal = len(self._ring), self._single[place]
        greater = n - self._upto(place)
        self._keep(place)
        return (greater + u * (equal + 1)) / (n + 1)

    def _keep(self, place: int) -> None:
        if len(self._ring) < self._most:
            self._ring.append(place)
        else:
            self._change(self._ring[self._next], -1)
            self._ring[self._next] = place
            self._next = (self._next + 1) % self._most
        self._change(place, 1)

    def _change(self, place: int, by: int) -> None:
        self._single[place] += by
        at = place + 1
        while at <= BINS:
            self._tree[at] += by
            at += at & -at

    def _upto(self, place: int) -> int:
        at, found = place + 1, 0
        while at:
            found += self._tree[at]
            at -= at & -at
        return found

    def snapshot(self) -> list[Any]:
        """Return the state as plain values."""
        return [self._most, self._next, self._ring.tobytes()]

    @classmethod
    def restored(cls, saved: Sequence[Any]) -> "Calibration":
        """Return the calibration of a snapshot."""
        made = cls(saved[0])
        made._ring.frombytes(saved[2])
        made._next = saved[1]
        for place in made._ring:
            made._change(place, 1)
        return made


class Uniformity:
    """How far p-values are from uniform: the Kolmogorov–Smirnov distance over shares that fade."""

    def __init__(self) -> None:
        """Know none."""
        self._shares = [0.0] * SHARES

    def add(self, p: float) -> None:
        """Take a p-value."""
        self._shares[min(SHARES - 1, int(p * SHARES))] += 1.0

    def fade(self) -> None:
        """Let a day pass."""
        self._shares = [share * FADES for share in self._shares]

    def distance(self) -> float:
        """Return the distance, 0 where nothing is known."""
        whole = sum(self._shares)
        below, worst = 0.0, 0.0
        for n, share in enumerate(self._shares, 1):
            below += share
            worst = max(worst, abs(below / whole - n / SHARES) if whole else 0.0)
        return worst

    def snapshot(self) -> list[float]:
        """Return the state as plain values."""
        return self._shares

    def restore(self, saved: list[float]) -> None:
        """Go on from a snapshot."""
        self._shares = saved
