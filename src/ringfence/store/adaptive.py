"""What a call costs by its risk and its caller's history: c = base·(1 + k·r^p) / trust, within its bounds.

The risk that counts rises at once. It falls when no risk near it has been seen for a while: nearer than the hysteresis,
a share of it, it stays. Trust is a count of calls that halves with time, so that it is earned again and again; a call
that was refused for what it was halves it at once.
"""

import struct
from typing import Final

import msgspec

from ringfence.clock import Instant
from ringfence.store.interface import Weighed, Weight

KEPT_HALF_LIVES: Final = 10
"""After so many without a call a thousandth of its trust is left of a history: it is forgotten."""

_row = struct.Struct("<ddddd")


class History(msgspec.Struct, frozen=True, gc=False):
    """What is known of those who share a limit."""

    level: float = 0.0
    """The risk that counts, 0 to 1."""
    until: float = 0.0
    """When the level may fall."""
    score: float = 0.0
    """Clean calls, as many as are left of them."""
    at: float = 0.0
    """When the score was counted."""


def weigh(weight: Weight, base: float, before: History, now: Instant) -> tuple[Weighed, History]:
    """Return what a call costs, and the history with the call in it.

    Args:
        weight: its risk, and how that counts.
        base: what it costs without risk and trust.
        before: what is known.
        now: the present.
    """
    rule = weight.rule
    level, until, held = weight.risk, now + rule.hold_seconds, False
    near = before.level * (1 - rule.hysteresis) < level
    if level < before.level and (near or now < before.until):
        held = True
        # a hold that is longer than any was given before the clock was set back
        level, until = before.level, until if near else min(before.until, until)
    trust, score = 1.0, 0.0
    if rule.trust is not None:
        score = before.score * 0.5 ** (max(now - before.at, 0.0) / rule.trust.half_life_seconds)
        if level <= rule.trust.clean_below:
            trust += (rule.trust.up_to - 1) * min(score / rule.trust.after_calls, 1.0)
            score += 1
    factor = 0.0 if weight.floor else rule.factor
    cost = min(base * (1 + factor * level**rule.power) / trust, max(weight.most, base))
    return Weighed(level, cost, trust, held), History(level, until, score, now)


def blemished(before: History) -> History:
    """Return a history after a call that was refused for what it was."""
    return History(before.level, before.until, before.score / 2, before.at)


def read_history(row: bytes | None) -> History:
    """Return what a row says; nothing is known without one."""
    return History() if row is None else History(*_row.unpack(row)[1:])


def history_row(history: History, weight: Weight) -> bytes:
    """Return a history as a row, which begins with its end."""
    trust = weight.rule.trust
    lasts = 0.0 if trust is None else history.at + KEPT_HALF_LIVES * trust.half_life_seconds
    return _packed(max(history.until, lasts), history)


def blemished_row(row: bytes) -> bytes:
    """Return a row after a call that was refused for what it was."""
    return _packed(_row.unpack(row)[0], blemished(read_history(row)))


def _packed(ends: float, history: History) -> bytes:
    return _row.pack(ends, history.level, history.until, history.score, history.at)
