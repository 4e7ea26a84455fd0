"""Compare the limits of an operation in two policies."""

from collections.abc import Iterator
from typing import Any, Final

from ringfence.policy.difference import Compare, Direction, either, more
from ringfence.policy.limits_model import Limit

_MEMBERS: Final[dict[str, Compare]] = {
    "rate_per_second": more("looser"),
    "burst": more("looser"),
    "quota.calls": more("looser"),
    "in_flight.calls": more("looser"),
    "in_flight.lease_seconds": either("other"),
    "reserve": more("stricter"),
    "adaptive.factor": more("stricter"),
    "adaptive.hysteresis": more("stricter"),
    "adaptive.hold_seconds": more("stricter"),
    "adaptive.trust.up_to": more("looser"),
    "adaptive.trust.after_calls": more("stricter"),
    "adaptive.trust.half_life_seconds": more("looser"),
    "adaptive.trust.clean_below": more("looser"),
}
"""Everything else of a limit that changes is unclear."""


def compare_limits(old: Any, new: Any) -> Iterator[tuple[Direction, str]]:
    """Yield how named limits differ."""
    before, after = dict(old), dict(new)
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        if one is None:
            yield "stricter", f"{name} is new: {limit_text(after[name])}"
        elif other is None:
            yield "looser", f"{name} is gone: it was {limit_text(one)}"
        elif one.per != other.per:
            yield "unclear", f"{name}: per {other.per} now, was per {one.per}"
        elif one.order != other.order:
            yield "unclear", f"{name}: {limit_text(other)} now, was {limit_text(one)}"
        else:
            yield from _members(name, one, other)


def _members(name: str, one: Any, other: Any, front: str = "") -> Iterator[tuple[Direction, str]]:
    for member in one.__struct_fields__:
        before, after = getattr(one, member), getattr(other, member)
        if before == after:
            continue
        if hasattr(before, "__struct_fields__") and hasattr(after, "__struct_fields__"):
            yield from _members(name, before, after, f"{front}{member}.")
            continue
        said = _MEMBERS.get(f"{front}{member}", either("unclear"))(before, after)
        yield from ((direction, f"{name} {front}{member}: {what}") for direction, what in said)


def limit_text(limit: Limit) -> str:
    """Return what a limit lets through, in words."""
    if limit.quota is not None:
        return f"{limit.quota.calls} a {limit.quota.window} per {limit.per}"
    if limit.in_flight is not None:
        return f"{limit.in_flight.calls} at once per {limit.per}"
    return f"{limit.rate_per_second:g} a second per {limit.per}, bursts of {limit.burst}"
