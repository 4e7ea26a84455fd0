from typing import Any

import pytest

from ringfence.policy.faults import Faults
from ringfence.policy.overlaps import MOST, Declaration, Overlaps, Shared
from ringfence.policy.references import References

OBJECT = {"type": "object", "properties": {"x": {}}}


def of(schema: Any, **schemas: Any) -> dict[str, tuple[Declaration, ...]]:
    document = {"whole": schema, "schemas": schemas}
    return Overlaps(References(document, Faults())).of(((schema, "/whole", False),))


def test_a_member_of_two_parts_is_told_with_where_each_declares_it() -> None:
    found = of({"properties": {"a": OBJECT}, "allOf": [{"properties": {"a": {"required": ["x"]}, "b": OBJECT}}]})
    assert found == {
        "a": tuple(Declaration(f"/whole/{at}properties/a", conditional=False) for at in ("", "allOf/0/"))
    }  # fmt: skip


@pytest.mark.parametrize("word", ["anyOf", "oneOf"])
def test_what_may_not_hold_counts_only_beside_what_does(word: str) -> None:
    branches = {word: [{"properties": {"a": OBJECT}}, {"properties": {"a": {"required": ["x"]}}}]}
    assert of(branches) == {}
    assert [one.conditional for one in of({**branches, "properties": {"a": OBJECT}})["a"]] == [False, True, True]


@pytest.mark.parametrize(
    "schema",
    [
        {"if": {"properties": {"a": {"required": ["x"]}}}, "then": {"properties": {"a": {"minProperties": 1}}}},
        {"else": {"properties": {"a": {"minProperties": 1}}}},
        {"dependentSchemas": {"b": {"properties": {"a": {"minProperties": 1}}}}},
    ],
)
def test_conditions_may_not_hold(schema: Any) -> None:
    assert [one.conditional for one in of({**schema, "properties": {"a": OBJECT}})["a"]] == [False, True]


def test_a_schema_that_is_met_on_both_ways_holds() -> None:
    """Otherwise its demands would be taken from the part that holds, and made by none."""
    both = {"oneOf": [{"$ref": "#/schemas/A"}, {}], "allOf": [{"properties": {"a": {"required": ["x"]}}}]}
    both["allOf"].append({"$ref": "#/schemas/A"})
    assert not any(one.conditional for one in of(both, A={"properties": {"a": OBJECT}})["a"])


def test_what_has_no_members_or_is_the_same_is_left_alone() -> None:
    texts = [{"properties": {"a": {"type": "string"}}}, {"properties": {"a": {"enum": [{"x": 1}]}}}]
    assert of({"allOf": texts}) == {}
    same = [{"properties": {"a": {"$ref": "#/schemas/O"}}}, {"properties": {"a": {"$ref": "#/schemas/O"}}}]
    assert of({"allOf": same}, O=OBJECT) == {}
    assert of({"allOf": [{"properties": {"a": {"minProperties": n}}} for n in range(MOST + 1)]}) == {}


def test_circles_end_and_broken_references_are_left_to_who_tells_them() -> None:
    circle = {"allOf": [{"$ref": "#/whole"}, {"properties": {"a": OBJECT}}], "properties": {"a": {"minProperties": 1}}}
    assert len(of(circle)["a"]) == 2
    assert of({"allOf": [{"$ref": "#/nowhere"}, {"properties": {"a": {"$ref": "#/nowhere"}}}]}) == {}


def test_parts_below_all_of_hold_and_others_may_not() -> None:
    shared = Shared(frozenset({"a"}))
    assert [shared.within(word).conditional for word in ("allOf", "$ref", "oneOf", "then")] == [
        False,
        False,
        True,
        True,
    ]
