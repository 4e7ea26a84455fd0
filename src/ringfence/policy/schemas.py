"""Turn an OpenAPI document's schemas into JSON Schema 2020-12 for requests, closed against unknown members.

A schema is read in one of four modes. CLOSED: it alone decides about a place of the instance, so
members that it does not declare are refused, even where the document forgot to say so. OPEN: it is a
part of a composition (`allOf` …); the composition as a whole is closed instead, with
`unevaluatedProperties`. VERBATIM: it is a condition (`not`, `if` …), where refusing more would
allow more. SHOWN: it describes an answer, which is not closed, and has no members that only requests have. An explicit `additionalProperties` is always honoured. References stay references, each
target once a mode, so circles work and nothing is copied.  JSON Schema 2020-12 §10, §11.3.
"""

import enum
from collections.abc import Mapping
from typing import Any, Final

from ringfence.policy.faults import Faults
from ringfence.policy.keywords import ANNOTATIONS, MOVING, VALUES, check_default, pattern_problem
from ringfence.policy.overlaps import MOST_JOINED, NOTHING, Declaration, Overlaps, Shared
from ringfence.policy.pointers import below
from ringfence.policy.references import Broken, References

_RANGES: Final = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
_MEMBERS: Final = ("properties", "patternProperties", "additionalProperties", "unevaluatedProperties")
_ITEMS: Final = ("items", "prefixItems", "unevaluatedItems")
_EMPTY: Final = "empty"
"""The definition for what nothing is said about: any value, as long as no object in it has members."""
_COMPOSING: Final = ("$ref", "allOf", "anyOf", "if", "then", "else", "dependentSchemas", *_MEMBERS)
"""Keywords beside a `oneOf` that may evaluate members: with none of them each branch decides alone."""


class Mode(enum.Enum):
    """How a schema is read; see the module."""

    CLOSED = "c"
    OPEN = "o"
    VERBATIM = "v"
    SHOWN = "s"


_PARTS: Final[dict[str, Mode]] = {
    "allOf": Mode.OPEN,
    "anyOf": Mode.OPEN,
    "oneOf": Mode.OPEN,
    "then": Mode.OPEN,
    "else": Mode.OPEN,
    "dependentSchemas": Mode.OPEN,
    "not": Mode.VERBATIM,
    "if": Mode.VERBATIM,
    "contains": Mode.VERBATIM,
    "propertyNames": Mode.VERBATIM,
    "properties": Mode.CLOSED,
    "patternProperties": Mode.CLOSED,
    "additionalProperties": Mode.CLOSED,
    "unevaluatedProperties": Mode.CLOSED,
    "items": Mode.CLOSED,
    "prefixItems": Mode.CLOSED,
    "unevaluatedItems": Mode.CLOSED,
}
"""Keywords with schemas inside, and how those are read when the outer one is not verbatim."""
_LISTS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_MAPS: Final = frozenset({"properties", "patternProperties", "dependentSchemas"})


_KEPT: Final = frozenset({Mode.VERBATIM, Mode.SHOWN})
"""Modes that hold for what a schema refers to, too."""


def _inner(mode: Mode, word: str, branches: Mode) -> Mode:
    """Return how the schemas in a keyword are read."""
    if mode is Mode.VERBATIM or (mode is Mode.SHOWN and _PARTS[word] is not Mode.VERBATIM):
        return mode
    return branches if word == "oneOf" else _PARTS[word]


class Schemas:
    """The schemas of one document. `definitions` grows with what was asked for."""

    def __init__(self, references: References, faults: Faults, *, is_3_0: bool) -> None:
        """Read through `references`, tell `faults`."""
        self._references = references
        self._faults = faults
        self._is_3_0 = is_3_0
        self._overlaps = Overlaps(references)
        self._names: dict[tuple[str, Mode, Shared], str] = {}
        self._joined: dict[tuple[Declaration, ...], str] = {}
        self._links: dict[str, set[str]] = {}
        self._broken: set[str] = set()
        self._waiting: list[tuple[str, str, Mode, Shared]] = []
        self._to_join: list[tuple[str, tuple[Declaration, ...]]] = []
        self._current: set[str] = set()
        """Names that the schema now being read refers to."""
        self._harmed = False
        """The schema now being read has a fault that leaves its meaning open."""
        self.definitions: dict[str, Any] = {
            _EMPTY: {"additionalProperties": False, "items": {"$ref": f"#/$defs/{_EMPTY}"}}
        }

    def request(self, raw: Any, at: str) -> Any:
        """Return a request's schema (a body's or a parameter's), its references complete in `definitions`.

        Raises:
            Broken: the schema, or one that it needs, has a fault that leaves its meaning open.
        """
        schema, links, harmed = self._read(raw, at, Mode.CLOSED)
        self._drain()
        if harmed or not self._broken.isdisjoint(self._reached(links)):
            raise Broken(at)
        return schema

    def response(self, raw: Any, at: str) -> Any:
        """Return a response's schema, its references complete in `definitions`.  Raises Broken as `request` does."""
        schema, links, harmed = self._read(raw, at, Mode.SHOWN)
        self._drain()
        if harmed or not self._broken.isdisjoint(self._reached(links)):
            raise Broken(at)
        return schema

    def look_at(self, raw: Any, at: str) -> None:
        """Read a schema for its faults only, such as a response's."""
        self._read(raw, at, Mode.VERBATIM)
        self._drain()

    def _read(self, raw: Any, at: str, mode: Mode, shared: Shared = NOTHING) -> tuple[Any, set[str], bool]:
        self._current, self._harmed = set(), False
        try:
            self._references.measured(raw, at)
        except Broken:
            return False, set(), True
        schema = self._convert(raw, at, mode, shared)
        return schema, self._current, self._harmed

    def _drain(self) -> None:
        while self._waiting or self._to_join:
            if self._to_join:
                name, declarations = self._to_join.pop()
                self._current = set()
                try:
                    self.definitions[name] = self._join(declarations)
                except Broken:
                    self.definitions[name] = False
                    self._broken.add(name)
                self._links[name] = self._current
                continue
            name, at, mode, shared = self._waiting.pop()
            schema, self._links[name], harmed = self._read(self._references.value(at), at, mode, shared)
            self.definitions[name] = schema
            if harmed:
                self._broken.add(name)

    def _reached(self, names: set[str]) -> set[str]:
        reached: set[str] = set()
        ahead = list(names)
        while ahead:
            name = ahead.pop()
            if name not in reached:
                reached.add(name)
                ahead += self._links.get(name, ())
        return reached

    def _reference(self, raw: dict[str, Any], at: str, mode: Mode, shared: Shared = NOTHING) -> str:
        return self._named(self._references.target(raw["$ref"], at), mode, shared)

    def _named(self, to: str, mode: Mode, shared: Shared) -> str:
        name = self._names.get((to, mode, shared))
        if name is None:
            name = self._names[to, mode, shared] = f"{mode.value}{len(self._names)}"
            self._waiting.append((name, to, mode, shared))
        self._current.add(name)
        return f"#/$defs/{name}"

    def _closing(self, overlaps: Mapping[str, tuple[Declaration, ...]], result: dict[str, Any]) -> dict[str, Any]:
        """Return the schema with each member that its parts share held against all of their declarations at once."""
        for member, declarations in overlaps.items():
            name = self._joined.get(declarations)
            if name is None:
                if len(self._joined) >= MOST_JOINED:
                    self._faults.add("too-complex", declarations[0].at, "too many parts declare the same members")
                    raise Broken(declarations[0].at)
                name = self._joined[declarations] = f"j{len(self._joined)}"
                self._to_join.append((name, declarations))
            self._current.add(name)
            whole = {"$ref": f"#/$defs/{name}"}
            own = result.setdefault("properties", {}).get(member, True)
            result["properties"][member] = whole if own is True else {"allOf": [own, whole]}
        return result

    def _join(self, declarations: tuple[Declaration, ...]) -> dict[str, Any]:
        """Return what several parts declare of one member, closed as a whole. What may not hold declares and demands nothing."""
        nodes = tuple((self._references.value(one.at), *one) for one in declarations)
        overlaps = self._overlaps.of(nodes)
        parts: list[Any] = []
        for one in declarations:
            part = {"$ref": self._named(one.at, Mode.OPEN, Shared(frozenset(overlaps), one.conditional))}
            parts.append({"anyOf": [part, True]} if one.conditional else part)
        return self._closing(overlaps, {"allOf": parts, "unevaluatedProperties": False})

    def _convert(self, raw: Any, at: str, mode: Mode, shared: Shared = NOTHING) -> Any:
        """Return the schema; `False`, which nothing fits, where its meaning is open."""
        if isinstance(raw, bool):
            return raw
        try:
            return self._object(raw, at, mode, shared)
        except Broken:
            self._harmed = True
            return False

    def _object(self, raw: Any, at: str, mode: Mode, shared: Shared = NOTHING) -> Any:
        if not isinstance(raw, dict):
            raise self._invalid(at, "a schema is a mapping")
        if "$ref" in raw and (self._is_3_0 or not set(raw) - ANNOTATIONS - {"$ref"}):
            return {"$ref": self._reference(raw, at, mode, shared)}
        if raw.get("nullable") is True and _null_needs_branch(raw):
            rest = {k: v for k, v in raw.items() if k != "nullable"}
            return {"anyOf": [{"type": "null"}, self._object(rest, at, mode, shared)]}
        return self._closed(raw, at) if mode is Mode.CLOSED else self._keywords(raw, at, mode, shared=shared)

    def _closed(self, raw: dict[str, Any], at: str) -> Any:
        """Read a schema that alone decides about its place."""
        explicit = "additionalProperties" in raw or "unevaluatedProperties" in raw
        if "oneOf" not in raw and not any(word in raw for word in _COMPOSING if word not in _MEMBERS):
            result = self._keywords(raw, at, Mode.CLOSED)
            if not explicit and _may_be("object", raw):
                if _is_free_form(raw):
                    self._faults.add("free-form-object", at, "the object declares no members")
                result["additionalProperties"] = False
            if not any(word in raw for word in _ITEMS) and _may_be("array", raw):
                result["items"] = {"$ref": f"#/$defs/{_EMPTY}"}
            return result
        if "oneOf" in raw and not any(word in raw for word in _COMPOSING):
            return self._keywords(raw, at, Mode.CLOSED, branches=Mode.CLOSED)
        overlaps = self._overlaps.of(((raw, at, False),))
        result = self._keywords(raw, at, Mode.OPEN, shared=Shared(frozenset(overlaps)))
        if not explicit and _may_be("object", raw):
            result["unevaluatedProperties"] = False
        return self._closing(overlaps, result)

    def _keywords(
        self, raw: dict[str, Any], at: str, mode: Mode, branches: Mode = Mode.OPEN, shared: Shared = NOTHING
    ) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for word, value in raw.items():
            if word in VALUES:
                self._value(word, value, at)
                result[word] = value
            elif word in _PARTS:
                inner = _inner(mode, word, branches)
                result[word] = self._parts(word, value, f"{at}/{word}", inner, shared)
            elif word == "$ref":
                result["$ref"] = self._reference(raw, at, mode if mode in _KEPT else Mode.OPEN, shared)
            elif word in MOVING:
                self._faults.add("unsupported-keyword", f"{at}/{word}", f"`{word}` is not taken")
                raise Broken(at)
            elif word not in ANNOTATIONS and not str(word).startswith("x-"):
                self._faults.add("unknown-keyword", below(at, word), f"`{word}` is not a keyword of schemas")
        if "default" in raw:
            check_default(raw, at, self._faults)
        self._adapt(raw, result, at)
        if mode is Mode.SHOWN:
            self._without_write_only(raw, result, at)
        elif mode is not Mode.VERBATIM:
            self._without_read_only(raw, result, at)
        return result

    def _value(self, word: str, value: Any, at: str) -> None:
        fits, wanted = VALUES[word]
        if not fits(value):
            raise self._invalid(f"{at}/{word}", f"`{word}` must be {wanted}")
        if word == "pattern" and (problem := pattern_problem(value)):
            self._faults.add("invalid-pattern", f"{at}/{word}", f"the pattern is {problem}")
            raise Broken(at)

    def _shared(self, raw: Any, at: str, shared: Shared) -> Any:
        """Leave a member that parts share to `_closing`; what may not hold goes on demanding what it says, and no more."""
        return self._convert(raw, at, Mode.VERBATIM) if shared.conditional else True

    def _parts(self, word: str, value: Any, at: str, mode: Mode, shared: Shared = NOTHING) -> Any:
        if word in _LISTS:
            if not isinstance(value, list) or not value:
                raise self._invalid(at, f"`{word}` must be a list of schemas")
            within = shared.within(word) if mode is Mode.OPEN else NOTHING
            return [self._convert(inner, f"{at}/{index}", mode, within) for index, inner in enumerate(value)]
        if word in _MAPS:
            if not isinstance(value, dict):
                raise self._invalid(at, f"`{word}` must be a mapping to schemas")
            if word == "patternProperties":
                for name in value:
                    self._value("pattern", name, below(at, name))
            if word == "properties":
                return {
                    str(name): self._shared(inner, below(at, name), shared)
                    if name in shared.names
                    else self._convert(inner, below(at, name), mode)
                    for name, inner in value.items()
                }
            within = shared.within(word) if mode is Mode.OPEN else NOTHING
            return {str(name): self._convert(inner, below(at, name), mode, within) for name, inner in value.items()}
        return self._convert(value, at, mode, shared.within(word) if mode is Mode.OPEN else NOTHING)

    def _adapt(self, raw: dict[str, Any], result: dict[str, Any], at: str) -> None:
        """Bring 3.0's own forms into 2020-12."""
        for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if isinstance(raw.get(exclusive), bool):
                del result[exclusive]
                if raw[exclusive] and bound in result:
                    result[exclusive] = result.pop(bound)
        kinds = raw.get("type")
        if raw.get("nullable") is True and kinds is not None:
            many = kinds if isinstance(kinds, list) else [kinds]
            result["type"] = [*many, *({"null"} - set(many))]
        if raw.get("format") in _RANGES and kinds == "integer":
            low, high = _RANGES[raw["format"]]
            result["minimum"] = max(low, result.get("minimum", low))
            result["maximum"] = min(high, result.get("maximum", high))
        if "enum" in raw:
            result["enum"] = self._once(raw["enum"], at)

    def _once(self, members: list[Any], at: str) -> list[Any]:
        seen: dict[str, Any] = {}
        for index, member in enumerate(members):
            key = f"{type(member).__name__} {member!r}"
            if key in seen:
                self._faults.add("duplicate-enum-member", f"{at}/enum/{index}", f"{member!r} stands twice"[:200])
            seen.setdefault(key, member)
        return list(seen.values())

    def _without_read_only(self, raw: dict[str, Any], result: dict[str, Any], at: str) -> None:
        """Refuse members that only responses have.  OpenAPI 3.0.4 §4.7.24.2."""
        properties = raw.get("properties", {})
        hidden = {
            str(n) for n, inner in properties.items() if self._says(inner, below(f"{at}/properties", n), "readOnly")
        }
        for name in hidden:
            result["properties"][name] = False
        if hidden and "required" in result:
            result["required"] = [name for name in result["required"] if name not in hidden]

    def _without_write_only(self, raw: dict[str, Any], result: dict[str, Any], at: str) -> None:
        """Do not ask an answer for members that only requests have: they are taken away before.  OpenAPI 3.0.4 §4.7.24.2."""
        properties = raw.get("properties", {})
        if "required" in result and isinstance(properties, dict):
            hidden = {
                str(n)
                for n, inner in properties.items()
                if self._says(inner, below(f"{at}/properties", n), "writeOnly")
            }
            result["required"] = [name for name in result["required"] if name not in hidden]

    def _says(self, raw: Any, at: str, word: str) -> bool:
        if isinstance(raw, dict) and raw.get(word) is True and not (self._is_3_0 and "$ref" in raw):
            return True
        found, _ = self._references.resolved(raw, at)
        return isinstance(found, dict) and found.get(word) is True

    def _invalid(self, at: str, message: str) -> Broken:
        self._faults.add("invalid-schema", at, message)
        return Broken(at)


def _null_needs_branch(raw: dict[str, Any]) -> bool:
    """Say whether `nullable` cannot be said in `type`: there is none, or something else would refuse null."""
    return "type" not in raw or any(word in raw for word in ("enum", "const", "allOf", "anyOf", "oneOf", "$ref"))


def _may_be(kind: str, raw: dict[str, Any]) -> bool:
    """Say whether a value of that type may stand here that the schema does not spell out."""
    if "enum" in raw or "const" in raw:
        return False
    kinds = raw.get("type", kind)
    return kind in (kinds if isinstance(kinds, list) else [kinds])


def _is_free_form(raw: dict[str, Any]) -> bool:
    """Say whether nothing at all is declared about members: `type: object` alone, or an empty schema."""
    says = {word for word in raw if word in VALUES or word in _PARTS or word == "not"}
    return says <= {"type"} and _may_be("object", raw)
