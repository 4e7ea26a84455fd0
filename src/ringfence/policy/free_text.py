"""Where in an instance a schema leaves text free: only that is worth screening.  JSON Schema 2020-12 §10, §6.3.

A place counts as bounded only when its own schema says so beyond doubt (an enumeration, a closed
pattern, a format without room for anything else). Whatever is composed, conditional or unclear is
free: more is read then, never less.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

_DEEPEST: Final = 100
"""Schemas inside of schemas that are looked into; below that all text counts as free."""
_SHORTEST: Final = 4
"""Characters below which a text cannot hold an injection that does anything."""
_TIGHT_FORMATS: Final = frozenset({"date", "date-time", "time", "duration", "uuid", "ipv4", "ipv6"})
_PIECE: Final = r"(?:\[(?:[A-Za-z0-9](?:-[A-Za-z0-9])?|\\d|\\w|[ _.:+-])+\]|\\d|\\w|[A-Za-z0-9 _:@-]|\\[.+-])(?:\{\d+(?:,\d*)?\}|[+*?])?"
_TIGHT_PATTERN: Final = re.compile(rf"\^(?:{_PIECE})*\$(?:\|\^(?:{_PIECE})*\$)*")
"""Patterns that let letters, digits and a few harmless marks through, from end to end."""
_DOUBTFUL: Final = ("anyOf", "oneOf", "if", "then", "else", "dependentSchemas", "not", "patternProperties")


class Texts:
    """What is free at one place of an instance and below it. Circles are possible, so this is no frozen value."""

    __slots__ = ("free", "items", "members", "others")

    def __init__(self, *, free: bool = True) -> None:
        """Start as a place whose own text is free or not, with nothing below."""
        self.free = free
        self.members: dict[str, Texts] = {}
        self.others: Texts | None = None
        """Members without a name of their own; their names are text too."""
        self.items: Texts | None = None

    @property
    def nothing(self) -> bool:
        """Say whether nothing here or below is free."""
        return not self.free and not self.members and self.others is None and self.items is None


def everything() -> Texts:
    """Return the place of which nothing is known: all text in it is free, names of members too."""
    place = Texts()
    place.others = place.items = place
    return place


class FreeText:
    """Works out the free text of a document's schemas, each definition once."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        """Read references into `definitions`."""
        self._definitions = definitions
        self._known: dict[str, Texts] = {}
        self._depth = 0

    def of(self, schema: Any) -> Texts:
        """Return what a schema leaves free."""
        followed: set[str] = set()
        while isinstance(schema, dict) and "$ref" in schema:
            name = schema["$ref"].removeprefix("#/$defs/")
            if len(schema) > 1 or name in followed:
                return everything()
            followed.add(name)
            if name in self._known:
                return self._known[name]
            schema = self._definitions.get(name, True)
        if not isinstance(schema, dict):
            return everything() if schema else Texts(free=False)
        if self._depth >= _DEEPEST:
            return everything()
        place = Texts()
        self._known.update(dict.fromkeys(followed, place))
        self._depth += 1
        try:
            return self._filled(place, schema)
        finally:
            self._depth -= 1

    def _filled(self, place: Texts, schema: dict[str, Any]) -> Texts:
        if any(word in schema for word in _DOUBTFUL) or "allOf" in schema:
            place.free = not _bounded(schema)
            place.others = place.items = everything() if place.free else None
            return place
        place.free = not _bounded(schema)
        for name, inner in schema.get("properties", {}).items():
            below = self.of(inner)
            if not below.nothing:
                place.members[name] = below
        if (others := schema.get("additionalProperties", False)) is not False:
            place.others = self.of(others)
        if isinstance(schema.get("items"), dict):
            below = self.of(schema["items"])
            place.items = None if below.nothing else below
        if "prefixItems" in schema or schema.get("items") is True or ("items" not in schema and _may_be_array(schema)):
            place.items = everything()
        return place


def _may_be_array(schema: dict[str, Any]) -> bool:
    kinds = schema.get("type", "array")
    return "array" in (kinds if isinstance(kinds, list) else [kinds])


def _bounded(schema: dict[str, Any]) -> bool:
    """Say whether no free text can stand here, whatever else the schema says."""
    kinds = schema.get("type")
    if kinds is not None and "string" not in (kinds if isinstance(kinds, list) else [kinds]):
        return True
    if "enum" in schema or "const" in schema or schema.get("format") in _TIGHT_FORMATS:
        return True
    if isinstance(schema.get("maxLength"), int) and schema["maxLength"] < _SHORTEST:
        return True
    pattern = schema.get("pattern")
    return isinstance(pattern, str) and _TIGHT_PATTERN.fullmatch(pattern) is not None
