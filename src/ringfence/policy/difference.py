"""What two policies differ in, one statement each, and the few ways in which settings compare."""

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

import msgspec

from ringfence.policy.schema_diff import Direction

__all__ = ["Compare", "Difference", "Direction", "either", "flag", "more", "order", "shown", "taken"]

STOPS: Final = frozenset({"looser", "unclear"})
"""What keeps a change from being one that only demands more."""
LONGEST_SHOWN: Final = 80


class Difference(msgspec.Struct, frozen=True):
    """One statement: at this place the newer policy is stricter, looser, perhaps looser (`unclear`), or other."""

    direction: Direction
    place: str
    what: str


Compare = Callable[[Any, Any], Iterator[tuple[Direction, str]]]
"""Says how two values of one setting differ; called only with values that are not equal."""


def shown(value: Any) -> str:
    """Return a setting's value as a sentence shows it."""
    if value is None or value in ("", (), [], {}):
        return "none"
    text = value if isinstance(value, str) else msgspec.json.encode(value, order="deterministic").decode()
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"


def _now(old: Any, new: Any) -> str:
    return f"{shown(new)} now, was {shown(old)}"


def either(direction: Direction) -> Compare:
    """Return the comparison of settings for which every change has the same direction."""

    def compare(old: Any, new: Any) -> Iterator[tuple[Direction, str]]:
        yield direction, _now(old, new)

    return compare


def more(direction: Direction, *, none: float | None = None) -> Compare:
    """Return the comparison of numbers of which the larger is `direction`; an absent one counts as `none`."""
    less: Direction = "stricter" if direction == "looser" else "looser"

    def compare(old: Any, new: Any) -> Iterator[tuple[Direction, str]]:
        before, after = (none if value is None else value for value in (old, new))
        if before is None or after is None:
            yield "unclear", _now(old, new)
        else:
            yield direction if after > before else less, _now(old, new)

    return compare


def order(*loosest_first: Any) -> Compare:
    """Return the comparison of words in an order of strictness."""

    def compare(old: Any, new: Any) -> Iterator[tuple[Direction, str]]:
        if old not in loosest_first or new not in loosest_first:
            yield "unclear", _now(old, new)
            return
        rises = loosest_first.index(new) > loosest_first.index(old)
        yield "stricter" if rises else "looser", _now(old, new)

    return compare


def flag(*, strict: bool = True) -> Compare:
    """Return the comparison of yes and no, of which `strict` is the stricter."""
    return order(not strict, strict)


def taken(*, empty_is_all: bool = False) -> Compare:
    """Return the comparison of what is taken: a member more is looser, one less is stricter."""

    def compare(old: Any, new: Any) -> Iterator[tuple[Direction, str]]:
        before, after = _members(old), _members(new)
        if empty_is_all and bool(before) != bool(after):
            yield ("stricter" if after else "looser"), _now(old, new)
            return
        for member in sorted(before - after):
            yield "stricter", f"{member} is no longer taken"
        for member in sorted(after - before):
            yield "looser", f"{member} is taken now"
        if before == after:
            yield "other", "in another order"

    return compare


def _members(value: Collection[Any] | None) -> set[str]:
    return {shown(member) for member in value or ()}
