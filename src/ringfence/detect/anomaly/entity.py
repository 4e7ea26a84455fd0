"""One user, client, network or login name over weeks: its rows, whom it deals with, when it comes, and the evidence against it."""

from collections.abc import Sequence
from typing import Any, Final

from ringfence.detect.anomaly.baseline import Own

MOST_KNOWN: Final = 256
"""Others that an entity is known to deal with; the oldest goes first."""
MOST_PLACES: Final = 32
HOURS: Final = 24
PEERS_HOURS: Final = 24.0
"""Windows that the peers' hours weigh."""


class Entity:
    """What is remembered of one."""

    __slots__ = ("before", "before_window", "day", "fired_at", "hours", "known", "log_m", "own", "places")

    def __init__(self, kind: str) -> None:
        """Know nothing."""
        self.own = Own(kind)
        self.known: dict[int, None] = {}
        self.places: dict[str, None] = {}
        self.hours = [0.0] * HOURS
        self.before: Sequence[float] = ()
        self.before_window = 0
        self.log_m = 0.0
        self.fired_at = -1e18
        self.day = -1

    def meets(self, other: int) -> bool:
        """Say whether it never dealt with this other before, as far as it is remembered."""
        return _new(self.known, other, MOST_KNOWN)

    def comes_from(self, place: str) -> bool:
        """Say whether it never came from there before, as far as it is remembered."""
        return _new(self.places, place, MOST_PLACES)

    def hour_chance(self, hour: int, peers: Sequence[float]) -> float:
        """Return how likely it comes in this hour of the day, and learn that it did."""
        whole = sum(peers) + HOURS
        chance = (self.hours[hour] + PEERS_HOURS * (peers[hour] + 1.0) / whole) / (sum(self.hours) + PEERS_HOURS)
        self.hours[hour] += 1.0
        return chance

    def snapshot(self) -> list[Any]:
        """Return the state as plain values."""
        return [self.own.snapshot(), list(self.known), list(self.places), self.hours, list(self.before),
                self.before_window, self.log_m, self.fired_at, self.day]  # fmt: skip

    @classmethod
    def restored(cls, kind: str, saved: Sequence[Any]) -> "Entity":
        """Return the entity of a snapshot."""
        made = cls(kind)
        made.own = Own.restored(kind, saved[0])
        made.known, made.places = dict.fromkeys(saved[1]), dict.fromkeys(saved[2])
        made.hours, made.before, made.before_window, made.log_m, made.fired_at, made.day = saved[3:]
        return made


def _new(known: dict[Any, None], one: Any, most: int) -> bool:
    if one in known:
        return False
    known[one] = None
    if len(known) > most:
        del known[next(iter(known))]
    return True
