"""What a rule raises: which group did what, how much of it, and the events that show it."""

import hashlib

import msgspec

from ringfence.clock import Instant
from ringfence.detect.rule import Level, Mode


class Alert(msgspec.Struct, frozen=True):
    """One alert. Everything in it comes from the events, so that a replay gives the same one."""

    alert_id: str
    rule: str
    at: Instant
    """The time of the event that raised it, not of when we looked."""
    position: int
    """Of that event in the stream."""
    level: Level
    mode: Mode
    title: str
    group: dict[str, str]
    measures: dict[str, float]
    explanation: str
    evidence: tuple[tuple[int, str], ...]
    """Position and correlation id of the newest events that counted."""
    owasp: tuple[str, ...] = ()
    attack: tuple[str, ...] = ()
    context: dict[str, str] = {}
    """Of the raising event: client, user, grant and network where it has them."""


def alert_id(rule: str, group: tuple[str, ...], position: int) -> str:
    """Return the name of an alert: the same for the same events, and for no others."""
    digest = hashlib.sha256("\x1f".join((rule, *group, str(position))).encode("utf-8", "surrogatepass"))
    return f"alert_{digest.hexdigest()[:24]}"
