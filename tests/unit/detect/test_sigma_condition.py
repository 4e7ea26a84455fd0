import pytest

from ringfence.detect.sigma_condition import NotExpressible, alternatives

NAMES = ("sel_a", "sel_b", "filter")


def said(condition: str) -> set[frozenset[str]]:
    return {
        frozenset(("not " if term.negated else "") + term.name for term in alternative)
        for alternative in alternatives(condition, NAMES)
    }


@pytest.mark.parametrize(
    ("condition", "meaning"),
    [
        ("sel_a", {("sel_a",)}),
        ("sel_a or sel_b", {("sel_a",), ("sel_b",)}),
        ("sel_a and sel_b", {("sel_a", "sel_b")}),
        ("sel_a and not filter", {("sel_a", "not filter")}),
        ("1 of sel_*", {("sel_a",), ("sel_b",)}),
        ("all of sel_* and not filter", {("sel_a", "sel_b", "not filter")}),
        ("any of them", {("sel_a",), ("sel_b",), ("filter",)}),
        ("(sel_a or sel_b) and not filter", {("sel_a", "not filter"), ("sel_b", "not filter")}),
        ("not (sel_a or sel_b)", {("not sel_a", "not sel_b")}),
        ("not 1 of sel_*", {("not sel_a", "not sel_b")}),
        ("not (sel_a and sel_b)", {("not sel_a",), ("not sel_b",)}),
        ("sel_a AND sel_b OR filter", {("sel_a", "sel_b"), ("filter",)}),
    ],
)
def test_a_condition_is_alternatives(condition: str, meaning: set[tuple[str, ...]]) -> None:
    assert said(condition) == {frozenset(one) for one in meaning}


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "sel_a or",
        "(sel_a",
        "sel_a)",
        "sel_c",
        "1 of nothing*",
        "sel_a | count() > 5",
        "sel_a near sel_b",
        "sel_a; sel_b",
        "not " * 300 + "sel_a",
        " and ".join(["(sel_a or sel_b or filter)"] * 12),
        "not (" + " or ".join(["(sel_a and sel_b)"] * 10) + ")",
    ],
)
def test_what_cannot_be_read_or_grows_too_large_is_refused(condition: str) -> None:
    with pytest.raises(NotExpressible):
        alternatives(condition, NAMES)
