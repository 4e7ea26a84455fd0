"""Schemas compared: nothing that differs is silently equal, and what is told has the right direction."""

import copy
from typing import Any

import pytest

from ringfence.policy.schema_diff import MOST_STEPS, SchemaWalk, compare_schemas
from ringfence.policy.validators import Workshop, Written

TEXT = {"type": "string"}


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def told(old: Any, new: Any, old_defs: Any = None, new_defs: Any = None) -> list[tuple[str, str]]:
    changes = compare_schemas(Written(old, old_defs or {}), Written(new, new_defs or old_defs or {}))
    return [(c.direction, c.at) for c in changes]


ONE_WAY = [
    (closed(a=TEXT), {**closed(a=TEXT), "required": ["a"]}, "/a"),
    (closed(a=TEXT, b=TEXT), closed(a=TEXT), "/b"),
    ({"type": "object"}, closed(), "/*"),
    (TEXT, {**TEXT, "enum": ["x"]}, ""),
    ({"enum": ["x", "y"]}, {"enum": ["x"]}, ""),
    ({"enum": ["x", "y"]}, {"const": "x"}, ""),
    ({"type": ["string", "null"]}, TEXT, ""),
    ({"type": "number"}, {"type": "integer"}, ""),
    ({**TEXT, "maxLength": 9}, {**TEXT, "maxLength": 8}, ""),
    (TEXT, {**TEXT, "maxLength": 8}, ""),
    ({**TEXT, "minLength": 1}, {**TEXT, "minLength": 2}, ""),
    ({"minimum": 0}, {"minimum": 1}, ""),
    ({"exclusiveMaximum": 9}, {"exclusiveMaximum": 8}, ""),
    (TEXT, {**TEXT, "pattern": "^a"}, ""),
    (TEXT, {**TEXT, "format": "date"}, ""),
    ({"type": "array"}, {"type": "array", "uniqueItems": True}, ""),
    ({"type": "array", "items": TEXT}, {"type": "array", "items": {**TEXT, "maxLength": 3}}, "/*"),
    ({"type": "array"}, {"type": "array", "maxItems": 3}, ""),
    (closed(a=TEXT), closed(a=False), "/a"),
    (True, False, ""),
    ({"allOf": [TEXT]}, {"allOf": [{**TEXT, "maxLength": 1}]}, ""),
    ({"anyOf": [TEXT, {"type": "null"}]}, {"anyOf": [{**TEXT, "maxLength": 1}, {"type": "null"}]}, ""),
    (closed(a=closed(b=TEXT)), closed(a=closed(b={**TEXT, "maxLength": 1})), "/a/b"),
]


@pytest.mark.parametrize(("wide", "narrow", "at"), ONE_WAY)
def test_what_takes_less_is_stricter_and_back_looser(wide: Any, narrow: Any, at: str) -> None:
    assert set(told(wide, narrow)) == {("stricter", at)}
    assert set(told(narrow, wide)) == {("looser", at)}
    assert told(wide, copy.deepcopy(wide)) == []


UNCLEAR = [
    ({**TEXT, "pattern": "^a"}, {**TEXT, "pattern": "^b"}),
    ({**TEXT, "format": "date"}, {**TEXT, "format": "date-time"}),
    ({"not": TEXT}, {"not": {**TEXT, "maxLength": 1}}),
    ({"if": TEXT, "then": {"maxLength": 1}}, {"if": TEXT, "then": {"maxLength": 2}}),
    ({"oneOf": [TEXT, {"type": "null"}]}, {"oneOf": [TEXT]}),
    ({"oneOf": [TEXT]}, {"oneOf": [{**TEXT, "maxLength": 1}]}),
    ({"patternProperties": {"^x": TEXT}}, {"patternProperties": {"^y": TEXT}}),
    ({"multipleOf": 1}, {"multipleOf": 2}),
    ({"allOf": [{"properties": {"a": TEXT}}]}, {"allOf": [{"properties": {}}]}),
    ({"allOf": [{}], "unevaluatedProperties": False}, {"allOf": [{}]}),
    ({"prefixItems": [TEXT]}, {"prefixItems": [TEXT, TEXT]}),
    ({"contains": TEXT}, {"contains": TEXT, "minContains": 2}),
    ({"x-new-keyword": 1}, {"x-new-keyword": 2}),
    ({"minimum": 0}, {"minimum": 0, "dependentSchemas": {"a": {}}}),
    ({"$ref": "#/$defs/a", "maxLength": 1}, {"maxLength": 1}),
]


@pytest.mark.parametrize(("one", "other"), UNCLEAR)
def test_what_could_be_either_is_unclear_in_both_directions(one: Any, other: Any) -> None:
    assert {d for d, _ in told(one, other, {"a": {}})} == {"unclear"}
    assert {d for d, _ in told(other, one, {"a": {}})} == {"unclear"}


def test_references_are_followed_whatever_they_are_called() -> None:
    old, new = {"a": TEXT, "outer": closed(x={"$ref": "#/$defs/a"})}, {"b": {**TEXT, "maxLength": 1}, "a": TEXT}
    assert told(closed(x={"$ref": "#/$defs/a"}), closed(x={"$ref": "#/$defs/b"}), old, new) == [("stricter", "/x")]
    assert told({"$ref": "#/$defs/outer"}, closed(x={"$ref": "#/$defs/a"}), old, new) == []
    assert told({"not": {"$ref": "#/$defs/a"}}, {"not": {"$ref": "#/$defs/b"}}, old, new) == [("unclear", "")]


def test_what_was_asked_about_in_a_condition_is_still_told_where_it_stands() -> None:
    old, new = {"a": TEXT}, {"a": {**TEXT, "maxLength": 1}}
    schema = {"not": {"$ref": "#/$defs/a"}, "properties": {"p": {"$ref": "#/$defs/a"}}}
    assert set(told(schema, schema, old, new)) == {("unclear", ""), ("stricter", "/p")}


def test_circles_end_and_a_change_inside_one_is_told() -> None:
    circle = {"c": closed(next={"$ref": "#/$defs/c"}, name=TEXT)}
    shorter = {"c": closed(next={"$ref": "#/$defs/c"}, name={**TEXT, "maxLength": 1})}
    assert told({"$ref": "#/$defs/c"}, {"$ref": "#/$defs/c"}, circle, copy.deepcopy(circle)) == []
    assert told({"$ref": "#/$defs/c"}, {"$ref": "#/$defs/c"}, circle, shorter) == [("stricter", "/name")]
    lonely = {"c": {"$ref": "#/$defs/c"}}
    assert told({"$ref": "#/$defs/c"}, TEXT, lonely) == [("unclear", "")]


def test_what_is_too_large_is_unclear_and_never_equal() -> None:
    deep: Any = TEXT
    for _ in range(500):
        deep = closed(a=deep)
    assert told(deep, deep) == [("unclear", "")]
    wide = closed(**{f"p{n}": TEXT for n in range(MOST_STEPS)})
    assert told(wide, wide) == [("unclear", "")]


def test_a_walk_tells_what_two_references_lead_to_once() -> None:
    walk = SchemaWalk(({"a": TEXT}, {"a": {"type": "integer"}}))
    assert walk.compare({"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"})
    assert walk.compare({"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}) == ()


def test_annotations_say_nothing() -> None:
    assert told({**TEXT, "description": "x"}, {**TEXT, "title": "y"}) == []


def test_schemas_are_kept_only_when_asked_for() -> None:
    for keep in (True, False):
        workshop = Workshop(keep=keep)
        validator = workshop.validator(TEXT)
        workshop.close({"d": {}})
        assert workshop.compile_all() == ()
        if keep:
            assert validator.written() == Written(TEXT, {"d": {}})
        else:
            with pytest.raises(LookupError):
                validator.written()


def test_long_chains_of_references_are_walked_to_their_end() -> None:
    chain = {f"d{n}": closed(next={"$ref": f"#/$defs/d{n + 1}"}) for n in range(500)} | {"d500": TEXT}
    longer = chain | {"d500": {**TEXT, "maxLength": 1}}
    assert told({"$ref": "#/$defs/d0"}, {"$ref": "#/$defs/d0"}, chain, chain) == []
    assert told({"$ref": "#/$defs/d0"}, {"$ref": "#/$defs/d0"}, chain, longer) == [("stricter", "/next" * 500)]


def test_a_reference_in_a_branch_of_one_of_stays_in_doubt() -> None:
    old, new = {"a": TEXT, "b": {"$ref": "#/$defs/a"}}, {"a": {**TEXT, "maxLength": 1}, "b": {"$ref": "#/$defs/a"}}
    schema = {"oneOf": [closed(x={"$ref": "#/$defs/b"})], "properties": {"y": {"type": "integer"}}}
    assert told(schema, schema, old, new) == [("unclear", "/x")]
