"""Which members a schema declares, for every place of an answer.  JSON Schema 2020-12 §10.

An answer is not refused for a member too many, it loses it. For that a validator is of no use: below `oneOf` it says
only that no branch fits. So the members that any branch declares are declared; what no branch does is not. A shape is
worked out when a place is first met, and remembered, so circles work and nothing is unfolded that no answer has.
"""

from collections.abc import Iterator
from typing import Any, Final

from ringfence.policy.pointers import below
from ringfence.policy.references import Broken, References

_BRANCHES: Final = ("allOf", "anyOf", "oneOf")
_CONDITIONS: Final = ("then", "else")
_ABOUT_MEMBERS: Final = ("properties", "additionalProperties", "patternProperties", "unevaluatedProperties")
_ABOUT_ITEMS: Final = ("items", "prefixItems", "unevaluatedItems")

Node = tuple[str, Any]
"""A schema and its pointer."""


class Shape:
    """What may stand at one place."""

    __slots__ = ("_shapes", "items", "members", "others")

    def __init__(self, shapes: "Shapes", nodes: tuple[Node, ...]) -> None:
        """Join what the schemas of this place declare."""
        self._shapes = shapes
        applied = tuple(shapes.applied(nodes))
        self.members: dict[str, Any] = {}
        """Declared members: a shape, or the schemas that it is worked out from."""
        self.others: Any = True
        """What undeclared members are: True for anything, False for none, or as in `members`."""
        self.items: Any = True
        """The same for an array's items."""
        if any(word in raw for _, raw in applied for word in _ABOUT_MEMBERS):
            self._members(applied)
        if any(word in raw for _, raw in applied for word in _ABOUT_ITEMS):
            found = [node for at, raw in applied for node in _items(at, raw)]
            self.items = tuple(found) if found else True

    def _members(self, applied: tuple[Node, ...]) -> None:
        declared: dict[str, list[Node]] = {}
        others: list[Node] = []
        anything = False
        for at, raw in applied:
            properties = raw.get("properties")
            for name, inner in properties.items() if isinstance(properties, dict) else ():
                inner_at = below(f"{at}/properties", name)
                if not self._shapes.hidden(inner, inner_at):
                    declared.setdefault(str(name), []).append((inner_at, inner))
            more = raw.get("additionalProperties", raw.get("unevaluatedProperties", False))
            if isinstance(more, dict) and more:
                others.append((f"{at}/additionalProperties", more))
            elif more is True or more == {} or "patternProperties" in raw:
                anything = True
        self.members = {name: tuple(nodes) for name, nodes in declared.items()}
        self.others = True if anything else tuple(others) or False

    def member(self, name: str) -> "Shape | bool":
        """Return the shape of a member; True: anything may stand there; False: it is not declared."""
        found = self.members.get(name)
        if found is None:
            if isinstance(self.others, tuple):
                self.others = self._shapes.of(self.others)
            return self.others  # type: ignore[no-any-return]  # a shape by now
        if isinstance(found, tuple):
            found = self.members[name] = self._shapes.of(found)
        return found

    def item(self) -> "Shape | bool":
        """Return the shape of an array's items; True: anything."""
        if isinstance(self.items, tuple):
            self.items = self._shapes.of(self.items)
        return self.items  # type: ignore[no-any-return]  # the same


class Shapes:
    """The shapes of one document."""

    def __init__(self, references: References) -> None:
        """Read through `references`."""
        self._references = references
        self._known: dict[tuple[str, ...], Shape] = {}

    def of(self, nodes: tuple[Node, ...]) -> Shape:
        """Return the shape of a place to which these schemas apply."""
        key = tuple(at for at, _ in nodes)
        if key not in self._known:
            self._known[key] = Shape(self, nodes)
        return self._known[key]

    def applied(self, nodes: tuple[Node, ...]) -> Iterator[Node]:
        """Yield the schemas that apply to the same place, references and compositions followed, each once."""
        seen: set[str] = set()
        ahead = list(nodes)
        while ahead:
            at, raw = ahead.pop()
            try:
                raw, at = self._references.resolved(raw, at)
            except Broken:
                continue
            if at in seen or not isinstance(raw, dict):
                continue
            seen.add(at)
            yield at, raw
            for word in _BRANCHES:
                parts = raw.get(word)
                if isinstance(parts, list):
                    ahead += [(f"{at}/{word}/{index}", part) for index, part in enumerate(parts)]
            ahead += [(f"{at}/{word}", raw[word]) for word in _CONDITIONS if word in raw]
            dependent = raw.get("dependentSchemas")
            if isinstance(dependent, dict):
                ahead += [(below(f"{at}/dependentSchemas", name), part) for name, part in dependent.items()]

    def hidden(self, raw: Any, at: str) -> bool:
        """Say whether a member is for requests only.  OpenAPI 3.0.4 §4.7.24.2."""
        if isinstance(raw, dict) and raw.get("writeOnly") is True:
            return True
        try:
            found, _ = self._references.resolved(raw, at)
        except Broken:
            return False
        return isinstance(found, dict) and found.get("writeOnly") is True


def _items(at: str, raw: dict[str, Any]) -> Iterator[Node]:
    if isinstance(raw.get("items"), dict):
        yield f"{at}/items", raw["items"]
    prefix = raw.get("prefixItems")
    if isinstance(prefix, list):
        yield from ((f"{at}/prefixItems/{index}", part) for index, part in enumerate(prefix))
