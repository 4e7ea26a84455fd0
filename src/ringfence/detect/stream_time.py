"""What time it is in the stream, by what its events say and nothing else.

One producer whose clock is wrong must not move the windows of everybody. A time more than `DOUBTED` ahead of the others is
believed once `WITNESSES` events say so and none in between says otherwise; until then it is doubted. When many events in
a row say that it is earlier than we believed, we were wrong, and go back.
"""

import math
from typing import Any, Final

DOUBTED: Final = 60.0
"""Seconds ahead of the stream from which on a time needs witnesses, and by which witnesses may differ."""
LATENESS: Final = 5.0
"""Seconds ahead of the stream at which an event counts whose time was not believed."""
WITNESSES: Final = 3
TURNED_AFTER: Final = 100
"""Events in a row that are late before we think that it is us who are early."""

IN_TIME, AHEAD, BELIEVED, REFUTED = "in-time", "ahead", "believed", "refuted"


class StreamTime:
    """The newest time that is believed."""

    __slots__ = ("ahead", "doubted", "floor", "late", "limit", "newest")

    def __init__(self, doubted: float = DOUBTED) -> None:
        """Believe nothing yet; `doubted` seconds ahead a time needs witnesses."""
        self.doubted = doubted
        self.newest = self.floor = self.limit = -math.inf
        self.ahead: list[float] = []
        """Times that are doubted."""
        self.late = 0
        """Events in a row that were late."""

    def advance(self, at: float) -> None:
        """Believe a time."""
        self.newest, self.floor, self.limit = at, at - self.doubted, at + self.doubted

    def now(self, at: float) -> float:
        """Return what time it is, where `at` is of the event that came last."""
        return self.newest if self.newest > -math.inf else min(self.ahead, default=at)

    def see(self, at: float) -> str:
        """Take the time of the next event and say what is to be thought of it and of those that are doubted.

        Returns:
            `IN_TIME`: it is believed, or late. `AHEAD`: it is doubted as others may be. `BELIEVED`: those that were
            doubted are not any more, up to `limit`. `REFUTED`: those that were doubted are wrong; this one is doubted
            where it stands in `ahead`.
        """
        if at > self.limit:
            return self._ahead(at)
        if at < self.floor:
            self.late += 1
            if self.late < TURNED_AFTER:
                return IN_TIME
        elif at < self.newest:
            at = self.newest
        self.late = 0
        self.advance(at)
        return self._refuted() if self.ahead else IN_TIME

    def _ahead(self, at: float) -> str:
        self.late = 0
        if self.ahead and at < min(self.ahead) - self.doubted:
            self.ahead = [at]
            return REFUTED
        self.ahead.append(at)
        if len(self.ahead) < WITNESSES:
            return AHEAD
        self.advance(sorted(self.ahead)[WITNESSES // 2])
        self.ahead = [one for one in self.ahead if one > self.limit]
        return BELIEVED

    def _refuted(self) -> str:
        self.ahead = []
        return REFUTED

    def snapshot(self) -> list[Any]:
        """Return the state as plain values."""
        return [self.newest, self.ahead, self.late]

    def restore(self, saved: list[Any]) -> None:
        """Go on from a snapshot."""
        newest, self.ahead, self.late = saved
        self.advance(newest)
