"""The two bounds that assume nothing: a controller that raises the bar, and a bucket at the door.

The controller raises log c while the alarms of the last day are more than twice the budget, and lets it sink again.
The bucket lets the budget through in a day; what is over goes into one digest a day, where all is counted.
"""

from collections import deque
from typing import Any, Final

from ringfence.clock import Instant

DAY: Final = 86_400.0
HOUR: Final = 3_600.0
RAISE, SINK = 0.5, 0.05
"""Of log c, an hour."""
HIGHEST: Final = 20.0
MOST_LINES: Final = 200
"""Findings that a digest names; the others are counted."""


class Budget:
    """Alarms of a tenant, in the events' own time."""

    def __init__(self, alarms_a_day: float) -> None:
        """Begin with a full bucket."""
        self.alarms_a_day = alarms_a_day
        self.raised = 0.0
        """What the controller adds to log c."""
        self._tokens = alarms_a_day
        self._filled_at = 0.0
        self._hour = 0
        self._recent: deque[float] = deque(maxlen=10_000)
        self._told: deque[float] = deque(maxlen=10_000)
        self._lines: list[str] = []
        self._over = 0
        self.in_all = 0
        self.overflowed = 0

    def tick(self, now: Instant) -> None:
        """Let time pass: control once an hour."""
        if int(now // HOUR) <= self._hour:
            return
        hours = min(24, int(now // HOUR) - self._hour) if self._hour else 1
        self._hour = int(now // HOUR)
        while self._recent and self._recent[0] < now - DAY:
            self._recent.popleft()
        while self._told and self._told[0] < now - DAY:
            self._told.popleft()
        if len(self._recent) > 2 * self.alarms_a_day:
            self.raised = min(HIGHEST, self.raised + RAISE * hours)
        else:
            self.raised = max(0.0, self.raised - SINK * hours)

    def turn_back(self, now: Instant) -> None:
        """Go on from an earlier moment."""
        self._hour, self._filled_at = min(self._hour, int(now // HOUR)), min(self._filled_at, float(now))
        self._recent = deque((at for at in self._recent if at <= now), maxlen=self._recent.maxlen)
        self._told = deque((at for at in self._told if at <= now), maxlen=self._told.maxlen)

    def admit(self, now: Instant, line: str) -> bool:
        """Say whether an alarm may be told by itself; if not it is kept for the digest."""
        self._recent.append(now)
        self.in_all += 1
        self._tokens = min(self.alarms_a_day, self._tokens + max(0.0, now - self._filled_at) * self.alarms_a_day / DAY)
        self._filled_at = max(self._filled_at, now)
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            self._told.append(now)
            return True
        self._over += 1
        self.overflowed += 1
        if len(self._lines) < MOST_LINES:
            self._lines.append(line)
        return False

    def digest(self) -> tuple[int, list[str]]:
        """Return how many were not told by themselves since the last digest, and what they were; begin a new one."""
        found = self._over, self._lines
        self._over, self._lines = 0, []
        return found

    def told_today(self) -> int:
        """Return how many were told by themselves in the last day."""
        return len(self._told)

    def snapshot(self) -> list[Any]:
        """Return the state as plain values."""
        return [self.raised, self._tokens, self._filled_at, self._hour, list(self._recent), list(self._told),
                self._lines, self._over, self.in_all, self.overflowed]  # fmt: skip

    def restore(self, saved: list[Any]) -> None:
        """Go on from a snapshot."""
        self.raised, self._tokens, self._filled_at, self._hour = saved[:4]
        self._recent, self._told = deque(saved[4], maxlen=10_000), deque(saved[5], maxlen=10_000)
        self._lines, self._over, self.in_all, self.overflowed = saved[6:]
