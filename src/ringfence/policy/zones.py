"""Time zones by name, each read once: a policy names them, and its check at start has read them before any call needs one."""

from datetime import tzinfo
from functools import cache
from zoneinfo import ZoneInfo


@cache
def zone(name: str) -> tzinfo:
    """Return a time zone.

    Raises:
        ValueError: there is none of that name on this machine.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(name) from None
