"""Calls made from an OpenAPI document as it is written, valid ones and ones with one thing wrong. Bounded, none of our code."""

import functools
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import find
from hypothesis.errors import NoSuchExample
from hypothesis.strategies import from_regex

DEPTH = 7
"""Levels of objects and arrays that are filled; below, only what is required."""

FORMATS = {
    "date-time": "2026-11-25T10:00:00Z",
    "date": "2026-11-25",
    "time": "10:00:00Z",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
    "uri": "https://example.com/a",
    "url": "https://example.com/a",
    "email": "a@example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "hostname": "example.com",
    "byte": "YQ==",
    "isodatetime": "2026-11-25T10:00:00Z",
}
TEXTS = (
    "GBP",
    "GB",
    "1.00",
    "10.00000",
    "a",
    "ab",
    "12345678",
    "GB33BUKB20201555555555",
    "DEUTDEFF",
    "2026-11-25",
    "#0",
)


class Giver:
    """Makes values for the schemas of one document."""

    def __init__(self, document: dict[str, Any], *, everything: bool, branch: int = 0, hides: str = "readOnly") -> None:
        self.document = document
        self.hides = hides
        self.everything = everything
        self.branch = branch

    def resolved(self, schema: Any) -> Any:
        for _ in range(20):
            if not (isinstance(schema, dict) and "$ref" in schema):
                return schema
            node: Any = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
            schema = node
        return {}

    def value(self, schema: Any, depth: int = 0) -> Any:
        schema = self.resolved(schema)
        if not isinstance(schema, dict):
            return {}
        for word in ("oneOf", "anyOf"):
            if schema.get(word):
                branches = list(schema[word])
                chosen = branches[self.branch % len(branches)]
                rest = {k: v for k, v in schema.items() if k != word}
                return self.joined(
                    [rest, chosen] if rest.keys() & {"properties", "required", "allOf"} else [chosen], depth
                )
        if schema.get("allOf"):
            return self.joined([{k: v for k, v in schema.items() if k != "allOf"}, *schema["allOf"]], depth)
        if "enum" in schema:
            return next((member for member in schema["enum"] if member is not None), None)
        if "const" in schema:
            return schema["const"]
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), "null")
        if kind is None:
            kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
        return getattr(self, f"_{kind}")(schema, depth)

    def joined(self, parts: list[Any], depth: int) -> Any:
        whole: dict[str, Any] = {}
        for part in parts:
            found = self.resolved(part)
            if not isinstance(found, dict):
                continue
            for inner in ("allOf",):
                if found.get(inner):
                    flat = {k: v for k, v in found.items() if k != inner}
                    found = self._merged([flat, *found[inner]])
            whole = self._merged([whole, found])
        return self.value(whole, depth)

    def _merged(self, parts: list[Any]) -> dict[str, Any]:
        whole: dict[str, Any] = {}
        for part in parts:
            found = self.resolved(part)
            if not isinstance(found, dict):
                continue
            if found.get("allOf"):
                found = self._merged([{k: v for k, v in found.items() if k != "allOf"}, *found["allOf"]])
            for word, value in found.items():
                if word == "properties":
                    whole["properties"] = {**whole.get("properties", {}), **value}
                elif word == "required":
                    whole["required"] = [*whole.get("required", []), *value]
                else:
                    whole.setdefault(word, value)
        return whole

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        required = set(schema.get("required", []))
        made = {}
        for name, inner in schema.get("properties", {}).items():
            found = self.resolved(inner)
            hidden = any(isinstance(one, dict) and one.get(self.hides) for one in (inner, found))
            if not hidden and (name in required or (self.everything and depth < DEPTH)):
                made[name] = self.value(inner, depth + 1)
        more = schema.get("additionalProperties")
        for index in range(schema.get("minProperties", 0) - len(made)):
            made[f"x{index}"] = self.value(more, depth + 1) if isinstance(more, dict) else "a"
        return made

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        wanted = max(schema.get("minItems", 0), 1 if depth < DEPTH else 0)  # a form cannot write an empty list
        return [self.value(schema.get("items", {}), depth + 1)] * min(wanted, schema.get("maxItems", wanted))

    def _string(self, schema: dict[str, Any], _depth: int) -> str:
        low, high = schema.get("minLength", 0), schema.get("maxLength", 10_000)
        pattern = schema.get("pattern")
        told = [schema[word] for word in ("example", "default") if isinstance(schema.get(word), str)]
        formatted = FORMATS.get(schema.get("format", ""))
        for text in [*([formatted] if formatted else []), *told, *TEXTS, "a" * max(low, 1)]:
            if low <= len(text) <= high and (pattern is None or _fits(pattern, text)):
                return text
        return _by_pattern(pattern or "", low, high)

    def _integer(self, schema: dict[str, Any], _depth: int) -> int:
        low = schema.get("minimum", min(1, schema.get("maximum", 1)))
        return int(low) + (1 if schema.get("exclusiveMinimum") is True else 0)

    def _number(self, schema: dict[str, Any], depth: int) -> float:
        return self._integer(schema, depth)

    def _boolean(self, _schema: dict[str, Any], _depth: int) -> bool:
        return True

    def _null(self, _schema: dict[str, Any], _depth: int) -> None:
        return None


def _fits(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False


@functools.cache
def _by_pattern(pattern: str, low: int, high: int) -> str:
    try:
        return find(
            from_regex(pattern, fullmatch=True), lambda s: low <= len(s) <= high and s.isascii() and s.isprintable()
        )
    except (NoSuchExample, re.error):
        return "a" * max(low, 1)


def candidates(document: dict[str, Any], schema: Any, hides: str = "readOnly") -> Iterator[Any]:
    """Values that should fit a schema: the fullest first, then with other branches, then the smallest.

    Members that the word `hides` marks are left out: `readOnly` for a request, `writeOnly` for an answer.
    """
    seen = []
    for everything in (True, False):
        for branch in range(8):
            made = Giver(document, everything=everything, branch=branch, hides=hides).value(schema)
            if made not in seen:
                seen.append(made)
                yield made


def broken(valid: Any) -> Iterator[tuple[str, Any]]:
    """The same value with one thing wrong: where, as JSON pointer, and the value."""
    if isinstance(valid, dict):
        yield "", {**deepcopy(valid), "isAdmin": True}
    for path, value in _leaves(valid):
        pointer = "".join(f"/{part}" for part in path)
        wrong: Any = {"deep": [1]} if not isinstance(value, dict) else "text"
        yield pointer, _replaced(valid, path, wrong)


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict) and value:
        for name, inner in list(value.items())[:12]:
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list) and value:
        yield from _leaves(value[0], (*path, 0))
    elif path:
        yield path, value


def _replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    changed = json.loads(json.dumps(value))
    holder = changed
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = new
    return changed


def form(value: Any, prefix: str = "") -> list[tuple[str, str]]:
    """A value as form fields, as Stripe's clients write it: `a[b][0]=x`."""
    if isinstance(value, dict):
        return [
            pair for name, inner in value.items() for pair in form(inner, f"{prefix}[{name}]" if prefix else str(name))
        ]
    if isinstance(value, list):
        return [pair for index, inner in enumerate(value) for pair in form(inner, f"{prefix}[{index}]")]
    text = json.dumps(value) if isinstance(value, bool) else str(value)
    return [(prefix, text)]
