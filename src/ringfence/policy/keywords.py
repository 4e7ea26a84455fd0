"""What each keyword of a schema may hold.  JSON Schema 2020-12 §10, Validation §6; OpenAPI 3.0.4 §4.7.24."""

from collections.abc import Callable
from typing import Any, Final

import jsonschema_rs

from ringfence.policy.faults import Faults

MAX_PATTERN_LENGTH: Final = 2_048
"""Characters of a pattern. The longest in the public financial documents has 400."""
BACKTRACK_LIMIT: Final = 100_000
"""Steps for a pattern with look-around, about a millisecond; beyond them it does not match."""
PATTERN_OPTIONS: Final = jsonschema_rs.FancyRegexOptions(backtrack_limit=BACKTRACK_LIMIT)

TYPES: Final = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
ANNOTATIONS: Final = frozenset(
    {
        *("title", "description", "default", "example", "examples", "externalDocs", "xml", "deprecated", "$comment"),
        *("readOnly", "writeOnly", "nullable", "discriminator", "$defs", "definitions"),
        *("contentMediaType", "contentEncoding", "contentSchema"),
    }
)
"""They say nothing about validity, or are read elsewhere."""
MOVING: Final = frozenset(
    {"$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$schema", "$vocabulary"}
)
"""They change what a reference means; a single bundled document has no need of them."""


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) for v in value) and len(set(value)) == len(value)


def _exclusive(value: Any) -> bool:
    return isinstance(value, bool) or _number(value)


def _types(value: Any) -> bool:
    many = value if isinstance(value, list) else [value]
    return bool(many) and all(isinstance(v, str) and v in TYPES for v in many)


def _json(value: Any) -> bool:
    """Say whether a value is JSON: YAML has keys that are no strings."""
    if isinstance(value, dict):
        return all(isinstance(name, str) and _json(inner) for name, inner in value.items())
    return not isinstance(value, list) or all(_json(inner) for inner in value)


VALUES: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    "type": (_types, f"one of {', '.join(sorted(TYPES))}"),
    "enum": (
        lambda v: isinstance(v, list) and bool(v) and _json(v),
        "a list with at least one member, all of them JSON",
    ),
    "const": (_json, "JSON"),
    "multipleOf": (lambda v: _number(v) and v > 0, "a number above 0"),
    "minimum": (_number, "a number"),
    "maximum": (_number, "a number"),
    "exclusiveMinimum": (_exclusive, "a number, or true or false in 3.0"),
    "exclusiveMaximum": (_exclusive, "a number, or true or false in 3.0"),
    "minLength": (_count, "a count"),
    "maxLength": (_count, "a count"),
    "pattern": (_text, "a string"),
    "format": (_text, "a string"),
    "minItems": (_count, "a count"),
    "maxItems": (_count, "a count"),
    "uniqueItems": (lambda v: isinstance(v, bool), "true or false"),
    "minContains": (_count, "a count"),
    "maxContains": (_count, "a count"),
    "minProperties": (_count, "a count"),
    "maxProperties": (_count, "a count"),
    "required": (_names, "a list of different names"),
    "dependentRequired": (
        lambda v: isinstance(v, dict) and _json(v) and all(_names(names) for names in v.values()),
        "a mapping to lists of names",
    ),
}
"""Keywords without schemas inside: what they may hold."""

_pattern_memory: dict[str, str] = {}


def pattern_problem(pattern: str) -> str:
    """Return why a pattern is not taken, or `""`."""
    if len(pattern) > MAX_PATTERN_LENGTH:
        return f"longer than {MAX_PATTERN_LENGTH} characters"
    if pattern not in _pattern_memory:
        try:
            jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=PATTERN_OPTIONS)
        except ValueError:
            _pattern_memory[pattern] = "not a regular expression, or one that grows too large"
        else:
            _pattern_memory[pattern] = ""
    return _pattern_memory[pattern]


def check_default(raw: dict[str, Any], at: str, faults: Faults) -> None:
    """Tell a default that contradicts the schema's own type or enum. Cheap on purpose: no default is ever used."""
    default, kind = raw["default"], raw.get("type")
    if default is None and raw.get("nullable") is True:
        return
    if isinstance(raw.get("enum"), list) and default not in raw["enum"]:
        faults.add("bad-default", f"{at}/default", "the default is not a member of the enum")
    elif isinstance(kind, str) and kind in TYPES and not _fits(default, kind):
        faults.add("bad-default", f"{at}/default", f"the default is not of type {kind}")


def _fits(value: Any, kind: str) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return _number(value)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            return value is None
