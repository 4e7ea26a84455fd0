import pytest

from ringfence.policy.faults import Faults
from ringfence.policy.keywords import VALUES, check_default, pattern_problem


@pytest.mark.parametrize(
    ("word", "good", "bad"),
    [
        ("type", ["string", ["string", "null"]], ["strin", [], 3, [["string"]]]),
        ("minLength", [0, 3], [-1, 1.5, "1", True]),
        ("minimum", [0, -1.5], ["1", True, None]),
        ("multipleOf", [0.01], [0, -1]),
        ("required", [["a"]], [True, ["a", "a"], [1]]),
        ("enum", [[None]], [[], "a", [{1: 2}]]),
        ("const", [{"a": [1]}], [{None: 1}]),
        ("pattern", ["a"], [1]),
        ("exclusiveMinimum", [True, 3], ["x"]),
        ("uniqueItems", [True], [1]),
    ],
)
def test_what_a_keyword_may_hold(word: str, good: list[object], bad: list[object]) -> None:
    fits, _ = VALUES[word]
    assert all(fits(value) for value in good)
    assert not any(fits(value) for value in bad)


@pytest.mark.parametrize("pattern", [r"^[A-Z]{3}$", r"^(?!\s)(.*)(\S)$", r"\d{1,13}\.\d{1,5}"])
def test_patterns_of_the_field_are_taken(pattern: str) -> None:
    assert pattern_problem(pattern) == ""


@pytest.mark.parametrize("pattern", ["(", "a" * 5000, "((a{1000}){1000}){10}", "*"])
def test_patterns_that_are_none_or_too_large_are_refused(pattern: str) -> None:
    assert pattern_problem(pattern) != ""


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "integer", "default": "1"}, True),
        ({"type": "integer", "default": True}, True),
        ({"enum": ["a"], "default": "b"}, True),
        ({"type": "string", "nullable": True, "default": None}, False),
        ({"type": "array", "default": []}, False),
        ({"type": "number", "default": 1}, False),
        ({"default": {}}, False),
    ],
)
def test_a_default_that_contradicts_its_schema_is_told(schema: dict[str, object], told: bool) -> None:
    faults = Faults()
    check_default(schema, "/x", faults)
    assert [f.at for f in faults.all()] == (["/x/default"] if told else [])
