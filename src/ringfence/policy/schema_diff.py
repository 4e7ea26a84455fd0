"""Compare two request schemas as they are compiled: what the newer one refuses more, and what less.  JSON Schema 2020-12.

The walk goes through both at once, keyword by keyword, and is bounded. It proves nothing about sets of
instances: where two forms could mean the same or anything, it says `unclear`, and never that nothing changed.
"""

import json
from collections import deque
from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec

from ringfence.policy.keywords import ANNOTATIONS
from ringfence.policy.pointers import below
from ringfence.policy.validators import Written

Direction = Literal["stricter", "looser", "unclear", "other"]
"""`unclear`: may let more through; whoever lets only the stricter pass stops at it."""

MOST_STEPS: Final = 200_000
"""Pairs of schemas looked at for one place, about a second's work."""
DEEPEST: Final = 60
"""Schemas inside each other; the compiled ones of the public documents reach 30."""
LONGEST_SHOWN: Final = 60
"""Characters of a value that a sentence shows."""

_LOW: Final = {
    "minLength": "characters",
    "minimum": "",
    "exclusiveMinimum": "",
    "minItems": "items",
    "minProperties": "members",
}
_HIGH: Final = {
    "maxLength": "characters",
    "maximum": "",
    "exclusiveMaximum": "",
    "maxItems": "items",
    "maxProperties": "members",
}
_WALKED: Final = frozenset(
    {"$ref", "type", "enum", "const", "required", "properties", "additionalProperties", "unevaluatedProperties"}
    | {"items", "allOf", "anyOf", "oneOf", "pattern", "format", "uniqueItems"}
    | _LOW.keys()
    | _HIGH.keys()
)
_COMPOSING: Final = ("$ref", "allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas")


class SchemaChange(msgspec.Struct, frozen=True):
    """One difference."""

    direction: Direction
    at: str
    """JSON pointer into the instance; `*` stands for any item or member."""
    what: str


def compare_schemas(old: Written, new: Written) -> tuple[SchemaChange, ...]:
    """Return what differs, each difference once."""
    return SchemaWalk((old.definitions, new.definitions)).compare(old.schema, new.schema)


def _doubted(change: SchemaChange) -> SchemaChange:
    """Return a difference inside a branch of `oneOf`: what one branch takes more, the whole may take less."""
    return SchemaChange("unclear", change.at, change.what)


class _TooMuch(Exception):
    """The bounds of the walk are reached."""


class SchemaWalk:
    """Walks through pairs of schemas of two documents. What two references lead to is told where it is met first."""

    def __init__(self, definitions: tuple[dict[str, Any], dict[str, Any]], steps: int = 0) -> None:
        """Compare schemas whose references `#/$defs/…` lead into these; `steps` have been taken."""
        self._definitions = definitions
        self._seen: set[tuple[str, str, bool]] = set()
        self._steps = steps
        self._waiting: deque[tuple[Any, Any, str, bool, bool]] = deque()
        """Old, new, place, whether it is a part, and whether it stands in a branch of `oneOf`."""
        self._doubt = False

    def compare(self, old: Any, new: Any) -> tuple[SchemaChange, ...]:
        """Return what differs between two schemas and was not told before, each difference once."""
        self._steps = 0
        found: list[SchemaChange] = []
        try:
            found.extend(self._all(old, new, "", part=False))
        except _TooMuch:
            self._waiting.clear()
            found.append(SchemaChange("unclear", "", "the schema is too large to be compared"))
        return tuple(dict.fromkeys(found))

    def _all(self, old: Any, new: Any, place: str, *, part: bool) -> Iterator[SchemaChange]:
        """Walk from one pair to all that it leads to; references wait their turn, so that no chain of them is too deep."""
        self._waiting.append((old, new, place, part, False))
        while self._waiting:
            one, other, where, inside, self._doubt = self._waiting.popleft()
            found = self._at(one, other, where, 0, part=inside)
            yield from (_doubted(change) for change in found) if self._doubt else found

    def _at(self, old: Any, new: Any, place: str, depth: int, *, part: bool) -> Iterator[SchemaChange]:
        self._steps += 1
        if self._steps > MOST_STEPS or depth > DEEPEST:
            raise _TooMuch
        pair = (_alone(old), _alone(new))
        if pair[0] and pair[1]:
            if (pair[0], pair[1], part) in self._seen:
                return
            self._seen.add((pair[0], pair[1], part))
            self._waiting.append((self._target(old, 0), self._target(new, 1), place, part, self._doubt))
            return
        if any(pair):
            yield from self._at(self._target(old, 0), self._target(new, 1), place, depth + 1, part=part)
            return
        old, new = _plain(old), _plain(new)
        if old is False or new is False or (old == {} and new == {}):  # nothing, or anything all the way down
            yield from _bare(old, new, place)
            return
        yield from self._values(old, new, place)
        yield from self._members(old, new, place, depth, part=part)
        yield from self._inner(old.get("items", True), new.get("items", True), f"{place}/*", depth)
        yield from self._compositions(old, new, place, depth)
        for word in sorted((old.keys() | new.keys()) - _WALKED - ANNOTATIONS):
            if not self._same(old.get(word), new.get(word), place, depth):
                yield SchemaChange("unclear", place, f"`{word}` changed")

    def _inner(self, old: Any, new: Any, place: str, depth: int) -> Iterator[SchemaChange]:
        yield from self._at(old, new, place, depth + 1, part=False)

    def _target(self, schema: Any, side: int) -> Any:
        name = _alone(schema)
        return self._definitions[side].get(name.rpartition("/")[2], {}) if name else schema

    def _values(self, old: dict[str, Any], new: dict[str, Any], place: str) -> Iterator[SchemaChange]:
        for what, before, after in (("type", _types(old), _types(new)), ("value", _enum(old), _enum(new))):
            yield from _sets(what, before, after, place)
        for word, unit in _LOW.items():
            yield from _bound(word, unit, old.get(word), new.get(word), place, higher="stricter")
        for word, unit in _HIGH.items():
            yield from _bound(word, unit, old.get(word), new.get(word), place, higher="looser")
        for word in ("pattern", "format", "uniqueItems"):
            yield from _present(word, old.get(word) or None, new.get(word) or None, place)

    def _members(
        self, old: dict[str, Any], new: dict[str, Any], place: str, depth: int, *, part: bool
    ) -> Iterator[SchemaChange]:
        required = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted(required[1] - required[0]):
            yield SchemaChange("stricter", below(place, name), "must be there now")
        for name in sorted(required[0] - required[1]):
            yield SchemaChange("looser", below(place, name), "need no longer be there")
        rest = _rest(old, part=part), _rest(new, part=part)
        properties = old.get("properties", {}), new.get("properties", {})
        for name in sorted(properties[0].keys() | properties[1].keys()):
            sides = [p.get(name, r) for p, r in zip(properties, rest, strict=True)]
            if None in sides:
                side = "declared" if name in properties[1] else "no longer declared"
                yield SchemaChange("unclear", below(place, name), f"is {side} in a part of a composition")
            else:
                yield from self._inner(sides[0], sides[1], below(place, name), depth)
        if rest[0] is not None and rest[1] is not None:
            yield from self._inner(rest[0], rest[1], f"{place}/*", depth)
        else:
            closings = [
                {word: side[word] for word in ("additionalProperties", "unevaluatedProperties") if word in side}
                for side in (old, new)
            ]
            if not self._same(closings[0], closings[1], place, depth):
                yield SchemaChange("unclear", place, "what else may stand there changed")

    def _compositions(self, old: dict[str, Any], new: dict[str, Any], place: str, depth: int) -> Iterator[SchemaChange]:
        if ("$ref" in old) != ("$ref" in new):
            yield SchemaChange("unclear", place, "a part of it moved")
        elif "$ref" in old:
            yield from self._at({"$ref": old["$ref"]}, {"$ref": new["$ref"]}, place, depth + 1, part=True)
        for word in ("allOf", "anyOf", "oneOf"):
            before, after = old.get(word, []), new.get(word, [])
            if len(before) != len(after):
                yield SchemaChange("unclear", place, f"`{word}` has {len(after)} branches instead of {len(before)}")
                continue
            for one, other in zip(before, after, strict=True):
                before_it, self._doubt = self._doubt, self._doubt or word == "oneOf"
                found = list(self._at(one, other, place, depth + 1, part=True))
                self._doubt = before_it
                yield from map(_doubted, found) if word == "oneOf" else found

    def _same(self, old: Any, new: Any, place: str, depth: int) -> bool:
        """Say whether two values of a keyword are the same, through references."""
        self._steps += 1
        if self._steps > MOST_STEPS or depth > DEEPEST:
            raise _TooMuch
        if isinstance(old, dict) and isinstance(new, dict):
            if isinstance(old.get("$ref"), str) and isinstance(new.get("$ref"), str) and len(old) == len(new) == 1:
                apart = SchemaWalk(
                    self._definitions, self._steps
                )  # what is asked about here is still told where it is walked
                differs = any(True for _ in apart._all(old, new, place, part=True))
                self._steps = apart._steps
                return not differs
            return old.keys() == new.keys() and all(self._same(old[k], new[k], place, depth + 1) for k in old)
        if isinstance(old, list) and isinstance(new, list):
            return len(old) == len(new) and all(
                self._same(a, b, place, depth + 1) for a, b in zip(old, new, strict=True)
            )
        return type(old) is type(new) and bool(old == new)


def _alone(schema: Any) -> str:
    """Return where a schema that is nothing but a reference leads; empty for others."""
    if isinstance(schema, dict) and isinstance(schema.get("$ref"), str) and not schema.keys() - ANNOTATIONS - {"$ref"}:
        return str(schema["$ref"])
    return ""


def _plain(schema: Any) -> Any:
    """Return a schema without the forms that mean nothing: True is `{}`."""
    return schema if isinstance(schema, dict) or schema is False else {}


def _bare(old: Any, new: Any, place: str) -> Iterator[SchemaChange]:
    """Compare schemas of which one takes nothing."""
    if new is not False and old is False:
        yield SchemaChange("looser", place, "is taken now")
    elif new is False and old is not False:
        yield SchemaChange("stricter", place, "is no longer taken")


def _types(schema: dict[str, Any]) -> frozenset[str] | None:
    """Return the types that are taken; None: any."""
    if "type" not in schema:
        return None
    told = schema["type"]
    kinds = frozenset(told if isinstance(told, list) else [told])
    return kinds | {"integer"} if "number" in kinds else kinds


def _enum(schema: dict[str, Any]) -> frozenset[str] | None:
    """Return the values that are taken, as JSON; None: any."""
    told = [schema["enum"]] if "enum" in schema else []
    told += [[schema["const"]]] if "const" in schema else []
    sets = [frozenset(json.dumps(value, sort_keys=True) for value in values) for values in told]
    return frozenset.intersection(*sets) if sets else None


def _sets(what: str, old: frozenset[str] | None, new: frozenset[str] | None, place: str) -> Iterator[SchemaChange]:
    if old == new:
        return
    if old is None or new is None:
        direction: Direction = "stricter" if old is None else "looser"
        yield SchemaChange(direction, place, f"{'only certain' if old is None else 'all'} {what}s are taken now")
        return
    for value in sorted(old - new):
        yield SchemaChange("stricter", place, f"the {what} {_shown(value)} is no longer taken")
    for value in sorted(new - old):
        yield SchemaChange("looser", place, f"the {what} {_shown(value)} is taken now")


def _bound(word: str, unit: str, old: Any, new: Any, place: str, *, higher: Direction) -> Iterator[SchemaChange]:
    """A bound that rises is `higher`; one that is absent bounds nothing."""
    if old == new:
        return
    lower: Direction = "looser" if higher == "stricter" else "stricter"
    if old is None or new is None:
        direction: Direction = "stricter" if old is None else "looser"
    else:
        direction = higher if new > old else lower
    now = "no longer bounded" if new is None else f"{new} {unit}".strip()
    yield SchemaChange(direction, place, f"`{word}`: {now}{'' if old is None else f', was {old}'}")


def _present(word: str, old: Any, new: Any, place: str) -> Iterator[SchemaChange]:
    if old == new:
        return
    direction: Direction = "stricter" if old is None else "looser" if new is None else "unclear"
    what = "is demanded now" if old is None else "is no longer demanded" if new is None else "changed"
    yield SchemaChange(direction, place, f"`{word}` {what}")


def _rest(schema: dict[str, Any], *, part: bool) -> Any:
    """Return the schema of members that are not declared; None where other parts have a say in it."""
    if "patternProperties" in schema:
        return None
    if "additionalProperties" in schema:
        return schema["additionalProperties"]
    if part or any(word in schema for word in _COMPOSING):
        return None
    return schema.get("unevaluatedProperties", True)


def _shown(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
