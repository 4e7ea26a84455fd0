"""Cut time into the slots that sums are kept in: by the calendar, or rolling.  SCA RTS art. 36(5)(b)."""

import math
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Literal

import msgspec

from ringfence.clock import Instant
from ringfence.policy.rules_model import Window
from ringfence.policy.zones import zone

EXACT_CALLS: Final = 200
"""Calls that a rolling window remembers one by one; above, and for money, it remembers pieces of itself."""

PIECES: Final = 96
"""Pieces of a rolling window, a quarter of an hour of a day. The oldest counts whole, so that no span ever holds more."""

_MILLI: Final = 1000
_MINUTE: Final = 60
_MONTHS: Final = 12
_DECEMBER: Final = 12


class Span(msgspec.Struct, frozen=True, gc=False):
    """A window as it stands now."""

    slot: int
    since: int
    expires_at: Instant
    step: int = 0
    """Milliseconds of a slot; 0: the slot is a day or month of the calendar."""
    length: int = 0
    """Milliseconds of the whole, where it rolls."""

    def seconds_until_free(self, slot: int, now: Instant) -> int:
        """Return how many whole seconds it takes until `slot` counts no more."""
        frees = self.expires_at if not self.step else ((slot + 1) * self.step + self.length - 1) / _MILLI
        return max(1, math.ceil(frees - now))


def span(window: Window, now: Instant, calls: int = 0) -> Span:
    """Return where a window stands.

    Args:
        window: what the policy says.
        now: the time.
        calls: how many calls it lets through, or 0 where it counts money.
    """
    if window.rolling_seconds is None:
        return calendar(window.window, window.zone, now)
    length = window.rolling_seconds * _MILLI
    step = 1 if 0 < calls <= EXACT_CALLS else max(1, length // PIECES)
    present = math.floor(now * _MILLI)
    return Span(
        present // step, (present - length + 1) // step, Instant((present + length + step) / _MILLI), step, length
    )


def calendar(window: Literal["day", "month"], named: str, now: Instant) -> Span:
    """Return where the day or month of a time zone stands."""
    return _calendar(window, named, math.floor(now) // _MINUTE)


@lru_cache(maxsize=256)
def _calendar(window: Literal["day", "month"], named: str, minute: int) -> Span:
    """Days begin with a minute, in every zone that keeps whole minutes; reading a calendar takes longer than a call's rate."""
    today = datetime.fromtimestamp(minute * _MINUTE, zone(named))
    if window == "day":
        slot = today.toordinal()
        after = (today.replace(hour=12, fold=0) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    else:
        slot = today.year * _MONTHS + today.month
        years, month = divmod(today.month, _DECEMBER)
        after = today.replace(
            year=today.year + years, month=month + 1, day=1, hour=0, minute=0, second=0, microsecond=0, fold=0
        )
    return Span(slot, slot, Instant(after.timestamp()))
