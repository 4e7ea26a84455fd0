"""Write times as people read them."""

from datetime import UTC, datetime

from ringfence.clock import Instant


def moment(at: Instant) -> str:
    """Return a time as people read it."""
    return datetime.fromtimestamp(at, UTC).strftime("%-d %B %Y, %H:%M UTC")
