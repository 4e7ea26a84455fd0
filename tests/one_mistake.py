"""One mistake at a time in a call that is valid: where it is, which keyword forbids it, and the call. Bounded, none of our code."""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple

from tests.generated_calls import Giver

DEEPEST = 8
WORDS = {
    "type": ("is not of type", "'anyOf'"),
    "enum": ("is not one of", "was expected"),
    "pattern": ("does not match",),
    "format": ("is not a ",),
    "maxLength": ("longer than",),
    "minLength": ("shorter than",),
    "maximum": ("greater than",),
    "minimum": ("less than",),
    "required": ("is a required property",),
    "unknown": ("were unexpected", "was unexpected", "False schema"),
    "maxItems": ("has more than",),
    "minItems": ("has less than",),
}
"""What the schema engine says of each keyword."""
UNLIKELY = ("!", "§", " ", "a b", "0", "z", "~~~~", "A", "-", "12345678901234567890123456789012345678901")


class Mistake(NamedTuple):
    """One thing wrong with a value."""

    at: tuple[str | int, ...]
    keyword: str
    value: Any
    """The whole value, mistake included."""
    name: str = ""
    """The member that is missing or not declared."""

    @property
    def pointer(self) -> str:
        return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in self.at)

    def told_in(self, faults: Any, where: str = "") -> bool:
        """Whether a fault names this place and this keyword."""
        return any(
            fault.at == where + self.pointer
            and any(word in fault.message for word in WORDS[self.keyword])
            and self.name in fault.message
            for fault in faults
        )


def mistakes(giver: Giver, schema: Any, valid: Any) -> Iterator[Mistake]:
    """Every mistake that the schema certainly forbids: places that have alternatives are left out."""
    for at, keyword, wrong, name in _wrong(giver, schema, valid, ()):
        yield Mistake(at, keyword, _with(valid, at, wrong), name)


def alternatives(giver: Giver, schema: Any) -> dict[str, Any] | None:
    """The schema as one mapping of keywords, or None where several may hold."""
    schema = giver.resolved(schema)
    if not isinstance(schema, dict):
        return None
    whole: dict[str, Any] = {k: v for k, v in schema.items() if k not in {"allOf", "oneOf", "anyOf"}}
    parts = list(schema.get("allOf", []))
    for word in ("oneOf", "anyOf"):
        branches = schema.get(word, [])
        if len(branches) > 1:
            return None
        parts += branches
    for part in parts:
        flat = alternatives(giver, part)
        if flat is None:
            return None
        for word, value in flat.items():
            if word == "properties":
                whole["properties"] = {**whole.get("properties", {}), **value}
            elif word == "required":
                whole["required"] = [*whole.get("required", []), *value]
            elif word in whole and whole[word] != value and word in {"type", "enum", "pattern", "items"}:
                return None
            else:
                whole.setdefault(word, value)
    return whole


def _wrong(
    giver: Giver, schema: Any, value: Any, at: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str, Any, str]]:
    one = alternatives(giver, schema)
    if one is None or len(at) > DEEPEST:
        return
    if isinstance(value, dict):
        yield from ((at, *rest) for rest in _objects(one, value))
        for name, inner in value.items():
            if name in one.get("properties", {}):
                yield from _wrong(giver, one["properties"][name], inner, (*at, name))
    elif isinstance(value, list):
        yield from ((at, *rest) for rest in _lists(one, value))
        if value:
            yield from _wrong(giver, one.get("items", {}), value[0], (*at, 0))
    elif isinstance(value, str):
        yield from ((at, *rest) for rest in _texts(one))
    elif isinstance(value, (int, float)):
        yield from ((at, *rest) for rest in _numbers(one))


def _objects(one: dict[str, Any], value: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    if one.get("type") == "object":
        yield "type", "text", ""
    for name in one.get("required", []):
        if name in value:
            yield "required", {k: v for k, v in value.items() if k != name}, name
    if "additionalProperties" not in one:
        yield "unknown", {**value, "isAdmin": True}, "isAdmin"


def _lists(one: dict[str, Any], value: list[Any]) -> Iterator[tuple[str, Any, str]]:
    if one.get("type") == "array":
        yield "type", "text", ""
    if one.get("maxItems", 100) < 100 and value:
        yield "maxItems", [value[0]] * (one["maxItems"] + 1), ""
    if one.get("minItems", 0) > 0:
        yield "minItems", [], ""


def _texts(one: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    if one.get("type") != "string":
        return
    yield "type", {"deep": 1}, ""
    if one.get("format") in {"date", "date-time", "uuid", "email", "ipv4", "ipv6"}:
        yield "format", "no such thing", ""
    if "enum" in one:
        yield "enum", "no such member", ""
    if one.get("maxLength", 10**6) < 20_000:
        yield "maxLength", "x" * (one["maxLength"] + 1), ""
    if one.get("minLength", 0) > 0:
        yield "minLength", "", ""
    if isinstance(one.get("pattern"), str):
        for text in UNLIKELY:
            if re.search(one["pattern"], text) is None:
                yield "pattern", text, ""
                break


def _numbers(one: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    if one.get("type") not in {"integer", "number", "boolean"}:
        return
    yield "type", "x1", ""
    if one["type"] == "integer" and isinstance(one.get("maximum"), int):
        yield "maximum", one["maximum"] + 1, ""
    elif one.get("format") == "int32" and one["type"] == "integer":
        yield "maximum", 2**31, ""
    if one["type"] == "integer" and isinstance(one.get("minimum"), int):
        yield "minimum", one["minimum"] - 1, ""


def _with(whole: Any, at: tuple[str | int, ...], new: Any) -> Any:
    if not at:
        return new
    changed = deepcopy(whole)
    holder = changed
    for part in at[:-1]:
        holder = holder[part]
    holder[at[-1]] = new
    return changed
