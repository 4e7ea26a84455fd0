from collections.abc import Callable
from typing import Any

import pytest

from ringfence.gateway.screening.leaves import free_texts
from ringfence.policy.free_text import FreeText


def read(schema: Any, instance: Any, **definitions: Any) -> list[str]:
    return [text for _, text in free_texts(instance, FreeText(definitions).of(schema))]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "enum": ["x"]},
        {"const": "x"},
        {"type": "integer"},
        {"type": ["boolean", "null"]},
        {"type": "string", "format": "date"},
        {"type": "string", "format": "uuid"},
        {"type": "string", "maxLength": 3},
        {"type": "string", "pattern": "^[A-Z]{3,3}$"},
        {"type": "string", "pattern": r"^\d{1,13}$|^\d{1,13}\.\d{1,5}$"},
        {"type": "string", "pattern": "^[a-zA-Z0-9_.-]+$"},
        False,
    ],
)
def test_bounded_text_is_not_read(schema: Any) -> None:
    assert read(schema, "x") == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {},
        True,
        {"type": ["string", "null"], "maxLength": 35},
        {"type": "string", "format": "email"},
        {"type": "string", "format": "uri"},
        {"type": "string", "pattern": "[A-Z]{3}"},
        {"type": "string", "pattern": "^[A-Z]"},
        {"type": "string", "pattern": "^.*$"},
        {"type": "string", "pattern": "^[^a]+$"},
        {"type": "string", "pattern": "^[ -~]+$"},
        {"type": "string", "pattern": "^a|.*$"},
        {"anyOf": [{"const": "x"}, {"type": "string"}]},
        {"allOf": [{"const": "x"}]},
        {"$ref": "#/$defs/a", "description": "beside"},
    ],
)
def test_free_text_is_read_and_so_is_what_is_unclear(schema: Any) -> None:
    assert read(schema, "x", a={"const": "x"}) == ["x"]


COMPOSED: dict[str, Any] = {
    "allOf": {"allOf": [{"required": []}]},
    "anyOf": {"anyOf": [{"required": ["reference"]}, {}]},
    "oneOf": {"oneOf": [{}]},
    "not": {"not": {"required": ["forbidden"]}},
    "if": {"if": {"required": ["a"]}, "then": {"required": ["b"]}},
    "else": {"if": {}, "else": {"required": ["b"]}},
    "dependentSchemas": {"dependentSchemas": {"a": {"required": ["b"]}}},
    "patternProperties": {"patternProperties": {"^[a-z]+$": {"type": "string"}}},
    "unevaluatedProperties": {"unevaluatedProperties": {"type": "string"}},
    "unevaluatedItems": {"unevaluatedItems": {"type": "string"}},
    "$ref": {"$ref": "#/$defs/anything"},
}


@pytest.mark.parametrize("word", COMPOSED)
@pytest.mark.parametrize("kinds", [None, "object", "array", ["object", "null"], ["array", "string"]])
def test_below_whatever_is_composed_all_text_is_read(word: str, kinds: Any) -> None:
    schema = COMPOSED[word] | ({} if kinds is None else {"type": kinds})
    hostile = "' OR 1=1 UNION SELECT"
    instances = {"object": {"reference": hostile}, "array": [[hostile]], "string": hostile}
    for kind, instance in instances.items():
        possible = kinds is None or kind in kinds
        assert (hostile in read(schema, instance, anything=True)) is possible, kind


@pytest.mark.parametrize("word", COMPOSED)
@pytest.mark.parametrize("bounded", [{"type": "integer"}, {"type": ["boolean", "null"]}, {"enum": ["x", {"a": "x"}]}])
def test_what_cannot_hold_text_is_not_read_composed_or_not(word: str, bounded: Any) -> None:
    if word != "$ref":
        assert read(COMPOSED[word] | bounded, {"a": "x"}) == read(COMPOSED[word] | bounded, "x") == []


@pytest.mark.parametrize("tight", [{"format": "date"}, {"maxLength": 3}, {"pattern": "^[A-Z]+$"}])
def test_a_bound_on_texts_bounds_no_object_and_no_array(tight: Any) -> None:
    """`format`, `maxLength` and `pattern` say nothing of other types (JSON Schema validation, 6.3 and 7)."""
    schema = tight | {"anyOf": [{"maxLength": 9}, {"type": "object"}]}
    assert read(schema, "x") == []
    assert read(schema, {"a": "x"}) == ["a", "x"]
    assert read(schema, ["x"]) == ["x"]


def test_members_items_and_references_are_followed() -> None:
    schema = {
        "type": "object",
        "properties": {
            "code": {"$ref": "#/$defs/code"},
            "notes": {"type": "array", "items": {"$ref": "#/$defs/note"}},
            "codes": {"type": "array", "items": {"$ref": "#/$defs/code"}},
        },
        "additionalProperties": False,
    }
    definitions = {"code": {"$ref": "#/$defs/inner"}, "inner": {"enum": ["x"]}, "note": {"type": "string"}}
    assert read(schema, {"code": "x", "notes": ["a", "b"], "codes": ["x"]}, **definitions) == ["a", "b"]


def test_members_without_a_name_are_read_with_their_names() -> None:
    schema = {"type": "object", "additionalProperties": {"type": "string"}}
    assert read(schema, {"name": "text"}) == ["name", "text"]


def test_circles_end() -> None:
    node = {"type": "object", "properties": {"text": {"type": "string"}, "next": {"$ref": "#/$defs/node"}}}
    assert read({"$ref": "#/$defs/node"}, {"text": "a", "next": {"text": "b"}}, node=node) == ["a", "b"]


def test_a_circle_is_read_wherever_its_text_stands() -> None:
    """A place still being worked out must not count as one with nothing in it."""
    node = {
        "type": "object",
        "properties": {
            "next": {"$ref": "#/$defs/node"},
            "all": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            "text": {"type": "string"},
        },
    }
    instance = {"next": {"text": "a"}, "all": [{"text": "b", "next": {"text": "c"}}]}
    assert read({"$ref": "#/$defs/node"}, instance, node=node) == ["a", "b", "c"]


def test_it_stands_with_every_compiled_operation(compiled: Callable[..., Any]) -> None:
    schema = {"type": "object", "properties": {"text": {"type": "string"}, "code": {"type": "string", "enum": ["x"]}}}
    operation = {
        "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}],
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {},
    }
    found = compiled({"/p": {"post": operation}}, policy={}).operations[0]
    assert found.parameters[0].texts.free
    assert [t for _, t in free_texts({"text": "a", "code": "x"}, found.bodies["application/json"].texts)] == ["a"]


def test_what_lies_too_deep_is_read_whole() -> None:
    definitions = {f"d{n}": {"properties": {"a": {"$ref": f"#/$defs/d{n + 1}"}}} for n in range(5000)}
    schema, instance = {"$ref": "#/$defs/d0"}, "x"
    for _ in range(200):
        instance = {"a": instance}
    assert read(schema, instance, **definitions, d5000={"type": "integer"})[-1] == "x"
