"""Members that several parts of a composition declare: what one part says of them is no reason to refuse another's.  JSON Schema 2020-12 §10.2, §11.

Parts of `allOf` often refine a member that another declares: one gives the address its members, another only says which
of them are required. Such a member is closed once, over all that is declared of it.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ringfence.policy.pointers import below
from ringfence.policy.references import Broken, References

_CONDITIONAL: Final = ("anyOf", "oneOf")
_CONDITIONS: Final = ("then", "else")
MOST: Final = 16
"""Declarations of one member that are joined; where there are more, each is closed by itself."""
MOST_JOINED: Final = 1_000
"""Members of one document that are joined: circles of different lengths would otherwise multiply."""


class Declaration(NamedTuple):
    """What a part says of a member: where that stands, and whether the part may not hold."""

    at: str
    conditional: bool


class Shared(NamedTuple):
    """The members that parts share, for who reads a part."""

    names: frozenset[str]
    conditional: bool = False
    """The part may not hold."""

    def within(self, word: str) -> "Shared":
        """Return the same for the parts in a keyword."""
        return self if word in {"allOf", "$ref"} else self._replace(conditional=True)


NOTHING: Final = Shared(frozenset())


class Overlaps:
    """Finds members that a composition declares more than once, at least once whatever holds."""

    def __init__(self, references: References) -> None:
        """Read through `references`."""
        self._references = references

    def of(self, nodes: tuple[tuple[Any, str, bool], ...]) -> dict[str, tuple[Declaration, ...]]:
        """Return the declarations of each such member that can have members of its own.

        Args:
            nodes: schemas that apply to one place, each with its pointer and whether it may not hold.
        """
        found: dict[str, list[Declaration]] = {}
        for raw, at, conditional in self._applied(nodes):
            properties = raw.get("properties")
            for name in properties if isinstance(properties, dict) else ():
                one = Declaration(below(f"{at}/properties", name), conditional)
                found.setdefault(str(name), []).append(one)
        return {name: tuple(many) for name, many in found.items() if self._differ(many)}

    def _differ(self, declarations: list[Declaration]) -> bool:
        if not 1 < len(declarations) <= MOST or all(one.conditional for one in declarations):
            return False
        try:
            meant = [self._references.resolved(self._references.value(one.at), one.at) for one in declarations]
        except Broken:
            return False
        return len({at for _, at in meant}) > 1 and any(_has_members(raw) for raw, _ in meant)

    def _applied(self, nodes: tuple[tuple[Any, str, bool], ...]) -> Iterator[tuple[dict[str, Any], str, bool]]:
        seen: set[str] = set()
        ahead = sorted(nodes, key=lambda node: not node[2])
        while ahead:
            # What holds anyway first: a schema that is met on both ways holds.
            raw, at, conditional = ahead.pop(next((i for i, node in enumerate(ahead) if not node[2]), 0))
            if at in seen or not isinstance(raw, dict):
                continue
            seen.add(at)
            yield raw, at, conditional
            if "$ref" in raw:
                try:
                    to = self._references.target(raw["$ref"], at)
                except Broken:
                    continue
                ahead.append((self._references.value(to), to, conditional))
            for word in ("allOf", *_CONDITIONAL):
                parts = raw.get(word)
                may_not = conditional or word != "allOf"
                for index, part in enumerate(parts if isinstance(parts, list) else ()):
                    ahead.append((part, f"{at}/{word}/{index}", may_not))
            ahead += [(raw[word], f"{at}/{word}", True) for word in _CONDITIONS if word in raw]
            dependent = raw.get("dependentSchemas")
            for name, part in dependent.items() if isinstance(dependent, dict) else ():
                ahead.append((part, below(f"{at}/dependentSchemas", name), True))


def _has_members(raw: Any) -> bool:
    """Say whether a schema is about an object, or may be."""
    if not isinstance(raw, dict) or "enum" in raw or "const" in raw:
        return False
    kinds = raw.get("type", "object")
    return "object" in (kinds if isinstance(kinds, list) else [kinds])
