"""The few ways in which two values of a setting compare."""

from typing import Any

import pytest

from ringfence.policy.difference import LONGEST_SHOWN, Compare, either, flag, more, order, shown, taken


@pytest.mark.parametrize(
    ("compare", "old", "new", "directions"),
    [
        (either("other"), 1, 2, ["other"]),
        (more("looser"), 1, 2, ["looser"]),
        (more("looser"), 2, 1, ["stricter"]),
        (more("stricter"), 1, 2, ["stricter"]),
        (more("stricter"), 2, 1, ["looser"]),
        (more("looser", none=float("inf")), 1, None, ["looser"]),
        (more("looser"), 1, None, ["unclear"]),
        (order("a", "b", "c"), "a", "c", ["stricter"]),
        (order("a", "b", "c"), "c", "b", ["looser"]),
        (order("a", "b"), "a", "z", ["unclear"]),
        (flag(), False, True, ["stricter"]),
        (flag(strict=False), False, True, ["looser"]),
        (taken(), ("a", "b"), ("b", "c"), ["stricter", "looser"]),
        (taken(), ("a", "b"), ("b", "a"), ["other"]),
        (taken(empty_is_all=True), (), ("a",), ["stricter"]),
        (taken(empty_is_all=True), ("a",), (), ["looser"]),
        (taken(), (), ("a",), ["looser"]),
    ],
)
def test_directions(compare: Compare, old: Any, new: Any, directions: list[str]) -> None:
    assert [direction for direction, _ in compare(old, new)] == directions


def test_values_are_shown_short_and_nothing_as_none() -> None:
    assert [shown(v) for v in (None, "", (), 0, False, 1.5, "x")] == ["none", "none", "none", "0", "false", "1.5", "x"]
    assert len(shown("x" * 500)) == LONGEST_SHOWN + 1
