"""What is usual: of all peers in an hour of the week, and of one entity beside them.

Log values, minus the hour of the week's median, over the median absolute deviation, from a trailing week, estimated
once a day, and shrunk to the peers where an entity has few windows of its own. Every window is kept, also
one that raised an alarm: leaving those out makes an error feed on itself.
"""

from array import array
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from ringfence.detect.anomaly.features import FEATURES
from ringfence.detect.anomaly.statistics import deviation, median

HOURS_OF_WEEK: Final = 168
WINDOWS_AN_HOUR: Final = 12
WEEK: Final = HOURS_OF_WEEK * WINDOWS_AN_HOUR
WIDTH: Final = len(FEATURES)
CELL: Final = 200
"""Peers' windows kept for an hour of the week, the newest."""
SHRINK: Final = 8.0
"""Windows of the peers that weigh as much as the entity's own."""
NARROWEST: Final = 0.25
"""Smallest scale, in log units: a count that has always been 0 has no deviation."""
BUSY: Final = 500
"""Windows in a week from which on an entity has hours of its own."""
MOST_ROWS: Final = {"client": WEEK, "everyone": WEEK, "user": 192, "network": 192, "name": 64}

Vector = Sequence[float]


def hour_of(window: int) -> int:
    """Return the hour of the week of a window."""
    return window // WINDOWS_AN_HOUR % HOURS_OF_WEEK


class Ring:
    """The newest rows of numbers, and the window that each is of."""

    __slots__ = ("most", "next", "values", "windows")

    def __init__(self, most: int) -> None:
        """Keep at most so many."""
        self.most, self.next = most, 0
        self.values, self.windows = array("f"), array("q")

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.windows)

    def add(self, window: int, row: Vector) -> None:
        """Keep a row, in place of the oldest."""
        if len(self.windows) < self.most:
            self.values.extend(row)
            self.windows.append(window)
            return
        self.values[self.next * WIDTH : (self.next + 1) * WIDTH] = array("f", row)
        self.windows[self.next] = window
        self.next = (self.next + 1) % self.most

    def since(self, window: int) -> list[int]:
        """Return the places of the rows of this window and later."""
        return [place for place, of in enumerate(self.windows) if of >= window]

    def snapshot(self) -> list[Any]:
        """Return the state as plain values."""
        return [self.most, self.next, self.values.tobytes(), self.windows.tobytes()]

    @classmethod
    def restored(cls, saved: Sequence[Any]) -> "Ring":
        """Return the ring of a snapshot."""
        made = cls(saved[0])
        made.next = saved[1]
        made.values.frombytes(saved[2])
        made.windows.frombytes(saved[3])
        return made


class Peers:
    """All entities of a kind together."""

    def __init__(self) -> None:
        """Know nothing."""
        self.cells: dict[int, Ring] = {}
        self.middle: dict[int, list[float]] = {}
        self.scale: list[float] = [1.0] * WIDTH
        self._all: list[float] = [0.0] * WIDTH

    def add(self, window: int, row: Vector) -> None:
        """Keep a window of one of them."""
        cell = self.cells.get(hour_of(window))
        if cell is None:
            cell = self.cells[hour_of(window)] = Ring(CELL)
        cell.add(window, row)

    def estimate(self) -> None:
        """Find anew what is usual in each hour of the week."""
        middles = {
            hour: [median(cell.values[n::WIDTH]) for n in range(WIDTH)] for hour, cell in sorted(self.cells.items())
        }
        self._all = [median([of[n] for of in middles.values()]) for n in range(WIDTH)]
        self.middle = {
            hour: [
                (len(self.cells[hour]) * of[n] + SHRINK * self._all[n]) / (len(self.cells[hour]) + SHRINK)
                for n in range(WIDTH)
            ]
            for hour, of in middles.items()
        }
        scales = [
            [deviation(cell.values[n::WIDTH], middles[hour][n]) for n in range(WIDTH)]
            for hour, cell in sorted(self.cells.items())
        ]
        self.scale = [max(NARROWEST, median([of[n] for of in scales])) for n in range(WIDTH)]

    def usual(self, hour: int) -> list[float]:
        """Return what is usual for all in an hour of the week."""
        return self.middle.get(hour, self._all)

    def snapshot(self) -> list[Any]:
        """Return the state as plain values."""
        return [[(hour, cell.snapshot()) for hour, cell in self.cells.items()], list(self.middle.items()), self.scale, self._all]  # fmt: skip

    def restore(self, saved: Sequence[Any]) -> None:
        """Go on from a snapshot."""
        self.cells = {hour: Ring.restored(cell) for hour, cell in saved[0]}
        self.middle, self.scale, self._all = dict(saved[1]), saved[2], saved[3]


class Own:
    """One entity beside its peers."""

    __slots__ = ("hours", "offset", "rows", "scale")

    def __init__(self, kind: str) -> None:
        """Be like the peers."""
        self.rows = Ring(MOST_ROWS[kind])
        self.offset: list[float] = []
        self.scale: list[float] = []
        self.hours: dict[int, list[float]] = {}

    def estimate(self, peers: Peers, window: int) -> None:
        """Find anew how it differs from its peers, from its windows of a week."""
        places = self.rows.since(window - WEEK)
        weight = len(places) / (len(places) + SHRINK)
        hours = [hour_of(self.rows.windows[place]) for place in places]
        usual = [peers.usual(hour) for hour in hours]
        self.offset, self.scale, self.hours = [], [], {}
        for n in range(WIDTH):
            apart = [self.rows.values[p * WIDTH + n] - of[n] for p, of in zip(places, usual, strict=True)]
            middle = median(apart)
            own = deviation(apart, middle)
            self.offset.append(weight * middle)
            if len(places) >= BUSY:
                own = self._by_hour(n, hours, apart, weight * middle)
            self.scale.append(max(NARROWEST, weight * own + (1 - weight) * peers.scale[n]))

    def _by_hour(self, n: int, hours: list[int], apart: list[float], offset: float) -> float:
        """Find what this feature is in each hour, and return its deviation from that."""
        found: defaultdict[int, list[float]] = defaultdict(list)
        for hour, value in zip(hours, apart, strict=True):
            found[hour].append(value - offset)
        for hour, values in found.items():
            row = self.hours.setdefault(hour, [0.0] * WIDTH)
            row[n] = len(values) / (len(values) + SHRINK) * median(values)
        return deviation([value - offset - self.hours[hour][n] for hour, value in zip(hours, apart, strict=True)], 0.0)

    def expected(self, peers: Peers, window: int) -> list[float]:
        """Return what is usual for it in a window."""
        hour = hour_of(window)
        usual = peers.usual(hour)
        if not self.offset:
            return usual
        own = self.hours.get(hour)
        if own is None:
            return [a + b for a, b in zip(usual, self.offset, strict=True)]
        return [a + b + c for a, b, c in zip(usual, self.offset, own, strict=True)]

    def snapshot(self) -> list[Any]:
        """Return the state as plain values."""
        return [self.rows.snapshot(), self.offset, self.scale, list(self.hours.items())]

    @classmethod
    def restored(cls, kind: str, saved: Sequence[Any]) -> "Own":
        """Return the entity of a snapshot."""
        made = cls(kind)
        made.rows, made.offset, made.scale = Ring.restored(saved[0]), saved[1], saved[2]
        made.hours = dict(saved[3])
        return made
