"""Say a time as people read it."""

from datetime import UTC, datetime

from ringfence.clock import Instant


def moment(at: Instant) -> str:
    """Return a time as people read it, for example `1 March 2027, 09:30 UTC`."""
    return datetime.fromtimestamp(at, UTC).strftime("%-d %B %Y, %H:%M UTC")
