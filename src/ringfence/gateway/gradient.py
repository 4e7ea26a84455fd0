"""How many calls an upstream takes at once, learned from how long its answers take: the gradient of Netflix and Envoy.

Answers are compared with what the same operation takes while the upstream is at ease, so that a change in what is
asked for is not taken for a change in how it is answered. Windows of some twenty answers are judged at once:

    stretch   = time the answers took / time they take at ease
    gradient  = (1 + tolerance) / stretch, between 1/2 and 1
    limit     = gradient · limit + √limit

The limit grows only while it is in use. What answers take at ease is learned while less than half of the limit is in
use. A load that never lets up leaves no such moment, so a limit that has been in use for ten seconds is halved until
some fifty answers have come: what these take is learned.
"""

import math
from typing import Final

from ringfence.clock import Seconds
from ringfence.policy.overload_model import Overload

WINDOW_SECONDS: Final[Seconds] = 0.1
WINDOW_ANSWERS: Final = 20
"""A window is at least so long and has at least so many answers."""
STALE_SECONDS: Final[Seconds] = 30.0
"""A window that is not full by then begins anew: its first answers tell nothing of the present."""
AT_EASE_SECONDS: Final[Seconds] = 30.0
"""Time constant with which the times at ease follow what is seen at ease."""
AT_LEAST_SECONDS: Final[Seconds] = 3.0
"""The same while the limit is no more than twice its least: if that is not ease, nothing will be."""
STEEPEST: Final = 0.5
"""No window more than halves the limit: Netflix's Gradient2 and Envoy's filter."""
LONGEST: Final = 8.0
"""A single answer counts as no more than so many times its time at ease: one that hangs says little of the others."""
FEWER: Final = 0.9
"""What is left of the limit where the upstream itself refuses: the back-off of Netflix's AIMD."""
MANY_DROPPED: Final = 0.1
"""Share of a window's calls that the upstream refuses or lets run into the timeout for that to count."""
PROBE_AFTER_SECONDS: Final[Seconds] = 10.0
PROBE_SECONDS: Final[Seconds] = 5.0
"""How long a probe may take; answers slower than that end it without a result."""
PROBE_ANSWERS: Final = 50
PROBE_WEIGHT: Final = 0.5
"""How far one probe moves the times at ease: enough to be right after four, and not thrown about by fifty answers."""
FULL: Final = 0.9
"""Share of the limit from which on it counts as used up."""
MOST_OPERATIONS: Final = 10_000
"""Operations whose times are kept; a document has fewer."""


class _AtEase:
    """What one operation takes while the upstream is at ease."""

    __slots__ = ("learned", "seconds")

    def __init__(self, seconds: Seconds, now: Seconds) -> None:
        self.seconds = seconds
        self.learned = now

    def learn(self, seconds: Seconds, weight: float, now: Seconds) -> None:
        self.seconds += weight * (seconds - self.seconds)
        self.learned = now


class _Window:
    """The answers since the last judgement."""

    __slots__ = ("answers", "began", "dropped", "most", "seen")

    def __init__(self, now: Seconds) -> None:
        self.began = now
        self.answers = 0
        self.dropped = 0
        self.most = 0
        self.seen: dict[str, tuple[int, float]] = {}
        """By operation: how many answers, and the time they took together."""


class Gradient:
    """The limit of one upstream in one process. Times are of a clock that never goes back, in seconds."""

    def __init__(self, settings: Overload, most: int) -> None:
        """Begin with `settings.begin`; `most` is what it never exceeds."""
        self._limit = 0.0
        self.follow(settings, most)
        self._limit = float(min(max(settings.begin, self._least), self._most))
        self._rising = True
        self._at_ease: dict[str, _AtEase] = {}
        self._window: _Window | None = None
        self._in_use_since: Seconds | None = None
        self._probe: Seconds | None = None
        self._before_probe = 0.0

    def follow(self, settings: Overload, most: int) -> None:
        """Go on by other settings, with what has been learned."""
        self._tolerance = settings.tolerance
        self._most = max(1, most)
        self._least = min(settings.least, self._most)
        self._limit = min(max(self._limit, self._least), self._most)

    @property
    def limit(self) -> int:
        """Calls at once."""
        return int(self._limit)

    @property
    def probing(self) -> bool:
        """Whether the limit is halved for a moment."""
        return self._probe is not None

    def at_ease(self, operation: str) -> Seconds:
        """Return what an operation takes while the upstream is at ease; 0 where it is not known."""
        known = self._at_ease.get(operation)
        return known.seconds if known else 0.0

    def answered(self, operation: str, seconds: Seconds, in_flight: int, now: Seconds) -> None:
        """Learn from an answer that came just now.

        Args:
            operation: which one.
            seconds: from sending the call to its answer.
            in_flight: calls that were under way when it was sent, itself included.
            now: the present.
        """
        if self._probe is not None and self._probing_ignores(now - seconds, now):
            return
        window = self._present(now)
        known = self._at_ease.get(operation)
        if known is not None:
            seconds = min(seconds, known.seconds * LONGEST)
        count, total = window.seen.get(operation, (0, 0.0))
        window.seen[operation] = count + 1, total + seconds
        window.answers += 1
        window.most = max(window.most, in_flight)
        self._judge_if_full(window, now)

    def dropped(self, in_flight: int, now: Seconds) -> None:
        """Learn from a call that the upstream refused as too many, or did not answer in time."""
        window = self._present(now)
        window.dropped += 1
        window.most = max(window.most, in_flight)
        self._judge_if_full(window, now)

    def _present(self, now: Seconds) -> _Window:
        if self._window is None or now - self._window.began > STALE_SECONDS:
            self._window = _Window(now)
        return self._window

    def _judge_if_full(self, window: _Window, now: Seconds) -> None:
        enough = WINDOW_ANSWERS if self._probe is None else PROBE_ANSWERS
        if window.answers + window.dropped >= enough and now - window.began >= WINDOW_SECONDS:
            self._window = None
            self._judge(window, now)

    def _judge(self, window: _Window, now: Seconds) -> None:
        half = self._limit / 2
        stretch = self._stretch(window, now)
        in_use = window.most >= half
        if self._probe is not None:
            self._learn(window, PROBE_WEIGHT, now)
            self._end_probe()
            return
        if not in_use:
            self._learn_over(window, AT_EASE_SECONDS, now)
        elif self._limit <= 2 * self._least:
            self._learn_over(window, AT_LEAST_SECONDS, now)
        if window.dropped >= MANY_DROPPED * (window.answers + window.dropped):
            self._rising = False
            self._set(self._limit * FEWER)
        elif in_use:
            self._move(stretch)
        self._probe_if_due(window, now)

    def _move(self, stretch: float) -> None:
        gradient = max(STEEPEST, min(1.0, (1 + self._tolerance) / stretch))
        if gradient < 1.0:
            self._rising = False
        if self._rising:
            self._set(self._limit * 2)
        else:
            self._set(gradient * self._limit + math.sqrt(self._limit))

    def _set(self, limit: float) -> None:
        self._limit = min(max(limit, float(self._least)), float(self._most))

    def _stretch(self, window: _Window, now: Seconds) -> float:
        """Return how much longer the answers took than at ease; an operation seen for the first time counts as at ease."""
        took = expected = 0.0
        for operation, (count, total) in window.seen.items():
            known = self._at_ease.get(operation)
            if known is None and len(self._at_ease) < MOST_OPERATIONS:
                known = self._at_ease[operation] = _AtEase(total / count, now)
            if known is not None:
                took += total
                expected += known.seconds * count
        return took / expected if expected > 0 else 1.0

    def _learn_over(self, window: _Window, constant: Seconds, now: Seconds) -> None:
        """Move the times at ease towards what was seen, with a time constant."""
        for operation, (count, total) in window.seen.items():
            known = self._at_ease.get(operation)
            if known is not None:
                # a few answers say less than the time since the last ones would make of them
                weight = min(1 - math.exp((known.learned - now) / constant), count / WINDOW_ANSWERS)
                known.learn(total / count, weight, now)

    def _learn(self, window: _Window, weight: float, now: Seconds) -> None:
        for operation, (count, total) in window.seen.items():
            known = self._at_ease.get(operation)
            if known is not None:
                known.learn(total / count, weight * min(1.0, count / WINDOW_ANSWERS), now)

    # the probe

    def _probe_if_due(self, window: _Window, now: Seconds) -> None:
        if window.most < int(self._limit) * FULL or self._limit < 2 * self._least:
            self._in_use_since = None
        elif self._in_use_since is None:
            self._in_use_since = now
        elif now - self._in_use_since >= PROBE_AFTER_SECONDS:
            self._in_use_since = None
            self._probe = now
            self._before_probe = self._limit
            self._set(self._limit / 2)

    def _probing_ignores(self, sent: Seconds, now: Seconds) -> bool:
        """Say whether an answer is of a call from before the probe; end one that takes too long."""
        assert self._probe is not None
        if now - self._probe > PROBE_SECONDS:
            self._end_probe()
            return False
        return sent < self._probe

    def _end_probe(self) -> None:
        self._probe = None
        self._set(self._before_probe)
