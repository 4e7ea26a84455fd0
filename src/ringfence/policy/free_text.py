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
_DOUBTFUL: Final = frozenset(
    {
        "$ref",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "dependentSchemas",
        "patternProperties",
        "unevaluatedProperties",
        "unevaluatedItems",
    }
)
"""Keywords with which a schema alone does not say what stands below it."""
_EVERY_KIND: Final = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})


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
        self._unfinished: set[int] = set()
        """Places that are being worked out: that nothing free is known of them yet says nothing."""
        self._depth = 0

    def of(self, schema: Any) -> Texts:
        """Return what a schema leaves free."""
        followed: set[str] = set()
        while isinstance(schema, dict) and schema.keys() == {"$ref"}:
            name = schema["$ref"].removeprefix("#/$defs/")
            if name in followed:
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
        self._unfinished.add(id(place))
        try:
            return self._filled(place, schema)
        finally:
            self._unfinished.remove(id(place))
            self._depth -= 1

    def _below(self, schema: Any) -> Texts | None:
        """Return what a schema leaves free; None if that is nothing."""
        found = self.of(schema)
        return None if found.nothing and id(found) not in self._unfinished else found

    def _filled(self, place: Texts, schema: dict[str, Any]) -> Texts:
        kinds = _kinds(schema)
        place.free = "string" in kinds and not _is_tight(schema)
        if not _DOUBTFUL.isdisjoint(schema):
            place.others = everything() if "object" in kinds else None
            place.items = everything() if "array" in kinds else None
            return place
        for name, inner in schema.get("properties", {}).items():
            if (below := self._below(inner)) is not None:
                place.members[name] = below
        if (others := schema.get("additionalProperties", False)) is not False:
            place.others = self.of(others)
        if isinstance(schema.get("items"), dict):
            place.items = self._below(schema["items"])
        if "prefixItems" in schema or schema.get("items") is True or ("items" not in schema and "array" in kinds):
            place.items = everything()
        return place


def _kinds(schema: dict[str, Any]) -> frozenset[str]:
    """Return the types that may stand here and hold anything that the document does not spell out."""
    if "enum" in schema or "const" in schema:
        return frozenset()
    kinds = schema.get("type", _EVERY_KIND)
    return frozenset({kinds} if isinstance(kinds, str) else kinds)


def _is_tight(schema: dict[str, Any]) -> bool:
    """Say whether a text that stands here has no room for anything, whatever else the schema says of it."""
    if schema.get("format") in _TIGHT_FORMATS:
        return True
    if isinstance(schema.get("maxLength"), int) and schema["maxLength"] < _SHORTEST:
        return True
    pattern = schema.get("pattern")
    return isinstance(pattern, str) and _TIGHT_PATTERN.fullmatch(pattern) is not None
