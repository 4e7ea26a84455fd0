"""Two documents of our own with the keywords that the public ones hardly have: each with a value that fits."""

from typing import Any

_TEXT = {"type": "string", "maxLength": 20}
_CAT = {
    "type": "object",
    "required": ["kind", "lives"],
    "properties": {"kind": {"enum": ["cat"]}, "lives": {"type": "integer"}},
}
_DOG = {
    "type": "object",
    "required": ["kind", "barks"],
    "properties": {"kind": {"enum": ["dog"]}, "barks": {"type": "boolean"}},
}


def _object(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **more}


BOTH: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "multipleOf": (_object({"a": {"type": "integer", "multipleOf": 7}}), [{"a": 14}]),
    "multipleOf-fraction": (_object({"a": {"type": "number", "multipleOf": 0.25}}), [{"a": 1.5}]),
    "uniqueItems": (_object({"a": {"type": "array", "uniqueItems": True, "items": _TEXT}}), [{"a": ["x", "y"]}]),
    "uniqueItems-objects": (
        {"type": "array", "uniqueItems": True, "items": _object({"a": {"type": "integer"}})},
        [[{"a": 1}, {"a": 2}]],
    ),
    "minProperties": (_object({"a": _TEXT, "b": _TEXT}, minProperties=2), [{"a": "x", "b": "y"}]),
    "maxProperties": (_object({}, maxProperties=1, additionalProperties={"type": "integer"}), [{"a": 1}]),
    "minItems": ({"type": "array", "minItems": 2, "maxItems": 3, "items": {"type": "integer"}}, [[1, 2]]),
    "maximum": (_object({"a": {"type": "number", "minimum": -1, "maximum": 9.5}}), [{"a": 9.5}, {"a": -1}]),
    "enum-mixed": ({"enum": [1, "1", None, {"a": [1]}, True]}, [1, "1", None, {"a": [1]}, True]),
    "pattern": (_object({"a": {"type": "string", "pattern": "^[A-Z]{2}[0-9]+$"}}), [{"a": "GB12"}]),
    "not": (_object({"a": {"type": "string", "not": {"enum": ["x", "no such member"]}}}), [{"a": "y"}]),
    "not-required": (_object({"a": _TEXT, "b": _TEXT}, **{"not": {"required": ["a", "b"]}}), [{"a": "x"}, {"b": "x"}]),
    "anyOf-required": (
        _object({"a": _TEXT, "b": _TEXT}, anyOf=[{"required": ["a"]}, {"required": ["b"]}]),
        [{"a": "x"}, {"b": "x"}, {"a": "x", "b": "x"}],
    ),
    "anyOf-objects": (
        {"anyOf": [_object({"a": _TEXT}, required=["a"]), _object({"b": {"type": "integer"}}, required=["b"])]},
        [{"a": "x"}, {"b": 1}, {"a": "x", "b": 1}],
    ),
    "anyOf-kinds": ({"anyOf": [{"type": "integer", "minimum": 3}, _TEXT]}, [3, "x"]),
    "oneOf-objects": ({"oneOf": [_CAT, _DOG]}, [{"kind": "cat", "lives": 9}, {"kind": "dog", "barks": True}]),
    "oneOf-beside": (
        _object({"id": _TEXT}, required=["id"], oneOf=[{"required": ["a"], "properties": {"a": _TEXT}}, {"required": ["b"], "properties": {"b": _TEXT}}]),
        [{"id": "x", "a": "x"}, {"id": "x", "b": "x"}],
    ),
    "allOf": (
        {"allOf": [_object({"a": _TEXT}, required=["a"]), _object({"b": {"type": "integer"}}, required=["b"])]},
        [{"a": "x", "b": 1}],
    ),
    "allOf-beside": (_object({"a": _TEXT}, allOf=[{"required": ["a"]}, _object({"b": _TEXT})]), [{"a": "x", "b": "x"}]),
    "allOf-same-member": (
        {"allOf": [_object({"a": _object({"x": _TEXT})}), _object({"a": _object({"y": {"type": "integer"}}, required=["y"])})]},
        [{"a": {"x": "x", "y": 1}}, {"a": {"y": 1}}],
    ),
    "allOf-refines": (
        {"allOf": [{"$ref": "#/components/schemas/Tree"}, {"properties": {"root": {"required": ["name"]}}}]},
        [{"root": {"name": "x", "id": "y"}}, {}],
    ),
    "oneOf-refines": (
        _object(
            {"kind": {"enum": ["a", "b"]}, "to": _object({"a": _TEXT, "b": _TEXT})},
            required=["kind", "to"],
            oneOf=[{"properties": {"kind": {"enum": [kind]}, "to": {"required": [kind]}}} for kind in ("a", "b")],
        ),
        [{"kind": "a", "to": {"a": "x"}}, {"kind": "b", "to": {"a": "x", "b": "y"}}],
    ),
    "additionalProperties": (_object({"a": _TEXT}, additionalProperties=_object({"b": _TEXT})), [{"a": "x", "c": {"b": "x"}}]),
    "additionalProperties-open": (_object({"a": _TEXT}, additionalProperties=True), [{"a": "x", "c": {"b": [{"d": 1}]}}]),
    "nested": (
        _object({"a": {"type": "array", "items": {"type": "array", "items": _object({"b": _TEXT}, required=["b"])}}}),
        [{"a": [[{"b": "x"}], []]}],
    ),
    "formats": (
        _object(
            {
                name: {"type": "string", "format": name}
                for name in ("date", "date-time", "uuid", "email", "ipv4", "ipv6")
            }
        ),
        [
            {
                "date": "2026-02-28",
                "date-time": "2026-02-28T10:00:00Z",
                "uuid": "123e4567-e89b-12d3-a456-426614174000",
                "email": "a@example.com",
                "ipv4": "192.0.2.1",
                "ipv6": "2001:db8::1",
            }
        ],
    ),
}  # fmt: skip
ONLY_3_0: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "exclusiveMinimum": (
        _object({"a": {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 9, "exclusiveMaximum": True}}),
        [{"a": 1}, {"a": 8}],
    ),
    "exclusiveMinimum-false": (
        _object({"a": {"type": "integer", "minimum": 0, "exclusiveMinimum": False, "maximum": 9, "exclusiveMaximum": False}}),
        [{"a": 0}, {"a": 9}],
    ),
    "nullable": (_object({"a": {"type": "string", "nullable": True, "maxLength": 3}}), [{"a": None}, {"a": "x"}]),
    "nullable-object": (
        _object({"a": {"type": "object", "nullable": True, "required": ["b"], "properties": {"b": _TEXT}}}),
        [{"a": None}, {"a": {"b": "x"}}],
    ),
    "discriminator": (
        {
            "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
            "discriminator": {
                "propertyName": "kind",
                "mapping": {"cat": "#/components/schemas/Cat", "dog": "#/components/schemas/Dog"},
            },
        },
        [{"kind": "cat", "lives": 9}, {"kind": "dog", "barks": True}],
    ),
    "reference": (_object({"a": {"$ref": "#/components/schemas/Tree"}}), [{"a": {"of": [{"of": []}, {}]}}]),
}  # fmt: skip
ONLY_3_1: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "const": (_object({"a": {"const": "GBP"}, "b": {"const": {"c": [1]}}, "d": {"const": 1}}), [{"a": "GBP", "b": {"c": [1]}, "d": 1}]),
    "exclusiveMinimum": (_object({"a": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 9}}), [{"a": 1}, {"a": 8}]),
    "types": (_object({"a": {"type": ["string", "null", "integer"], "maxLength": 3, "minimum": 1}}), [{"a": None}, {"a": "x"}, {"a": 1}]),
    "if": (
        _object({"a": _TEXT}, **{"if": {"properties": {"a": {"const": "x"}}}, "then": {"properties": {"b": _TEXT}, "required": ["b"]}, "else": {"properties": {"c": _TEXT}}}),
        [{"a": "x", "b": "y"}, {"a": "z", "c": "y"}],
    ),
    "dependentRequired": (_object({"a": _TEXT, "b": _TEXT}, dependentRequired={"a": ["b"]}), [{"a": "x", "b": "x"}, {"b": "x"}]),
    "dependentSchemas": (_object({"a": _TEXT}, dependentSchemas={"a": {"properties": {"b": _TEXT}, "required": ["b"]}}), [{"a": "x", "b": "x"}]),
    "patternProperties": (_object({"a": _TEXT}, patternProperties={"^x-": {"type": "integer"}}), [{"a": "x", "x-b": 1}]),
    "propertyNames": (_object({}, propertyNames={"maxLength": 3}, additionalProperties=_TEXT), [{"abc": "x"}]),
    "contains": ({"type": "array", "items": {"type": "integer"}, "contains": {"minimum": 5}, "minContains": 1, "maxContains": 2}, [[1, 7, 8], [9]]),
    "prefixItems": ({"type": "array", "prefixItems": [_TEXT, {"type": "integer"}], "items": False}, [["x", 1], ["x"]]),
    "unevaluatedProperties": ({"allOf": [_object({"a": _TEXT})], "unevaluatedProperties": {"type": "integer"}}, [{"a": "x", "b": 1}]),
    "beside-reference": (_object({"a": {"$ref": "#/components/schemas/Tree", "minProperties": 1}}), [{"a": {"of": [{}]}}]),
    "discriminator": (
        {"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}], "discriminator": {"propertyName": "kind"}},
        [{"kind": "cat", "lives": 9}, {"kind": "dog", "barks": True}],
    ),
}  # fmt: skip


def document(version: str) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The document, one operation a keyword, and what fits each."""
    told = BOTH | (ONLY_3_0 if version.startswith("3.0") else ONLY_3_1)
    tree = _object(
        {
            "root": _object({"name": _TEXT, "id": _TEXT}),
            "of": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
        }
    )
    return {
        "openapi": version,
        "info": {"title": "Keywords", "version": "1"},
        "components": {"schemas": {"Cat": _CAT, "Dog": _DOG, "Tree": tree}},
        "paths": {
            f"/{name}": {
                "post": {
                    "operationId": name,
                    "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
                    "responses": {"200": {"description": "ok"}},
                }
            }
            for name, (schema, _) in told.items()
        },
    }, {name: fitting for name, (_, fitting) in told.items()}
