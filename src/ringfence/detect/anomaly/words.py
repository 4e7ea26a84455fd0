"""An anomaly in words: what was seen, what was expected, how seldom that is."""

import math
from collections.abc import Sequence
from typing import Final

from ringfence.detect.anomaly.features import BYTES, FEATURES, HOUR, ORDER, SHARE, STEP

_SAYS: Final = {
    "calls": "calls", "errors": "errors", "refused": "refusals", "failed_logins": "failed logins",
    "routes": "different operations or paths", "others": "different others dealt with",
    "new_others": "others never dealt with before", "bytes": "KB answered", "refused_share": "share refused",
    "odd_hour": "unusual hour", "new_places": "new neighbourhoods", "odd_order": "unusual order of calls",
    "odd_step": "a step that hardly ever follows",
}  # fmt: skip
MOST: Final = 3
_LEAST: Final = 1.0
"""Nats below which a term explains nothing."""


def reasons(terms: Sequence[float]) -> list[int]:
    """Return the features that make the score, the heaviest first."""
    ranked = sorted(range(len(terms)), key=lambda n: (-terms[n], n))
    return [n for n in ranked[:MOST] if terms[n] >= _LEAST] or ranked[:1]


def words(n: int, value: float, expected: float, term: float) -> str:
    """Return one reason in words."""
    name, seldom = _SAYS[FEATURES[n]], f"1 in {math.exp(min(term, 20.0)):,.0f}"
    if n in {HOUR, ORDER, STEP}:
        return f"{name} ({value:.1f} nats, expected {max(0.0, expected):.1f}, {seldom})"
    if n == SHARE:
        return f"{name} {_share(value):.0%}, expected {_share(expected):.0%} ({seldom})"
    shown = math.expm1(value), max(0.0, math.expm1(expected))
    places = 1 if n == BYTES or shown[1] < 10 else 0  # noqa: PLR2004 - below ten a tenth matters
    return f"{name} {shown[0]:,.0f}, expected {shown[1]:,.{places}f} ({seldom})"


def _share(odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-odds))
