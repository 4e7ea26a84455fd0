"""Find what a JSON Schema says of one member, by the member's pointer.  JSON Schema 2020-12 §10.2, §10.3; RFC 6901 §4."""

from collections.abc import Iterator
from typing import Any, Final

from ringfence.policy.faults import Faults
from ringfence.policy.linking_model import Linking
from ringfence.policy.pointers import below, parts_of
from ringfence.policy.references import Broken, References

EVERY: Final = "*"
"""The part of a pointer that stands for every member of a list."""

Parts = tuple[str, ...]

SURE: Final[Parts] = ("allOf",)
"""Compositions all of whose schemas hold."""

ANY: Final[Parts] = (*SURE, "anyOf", "oneOf")

_DEEPEST: Final = 32
"""Levels of composition that are looked into; a document that goes deeper is refused as too complex before."""


def described(raw: Any, pointer: str, references: References, words: Parts = ANY) -> list[dict[str, Any]]:
    """Return the schemas that apply to a member; none where the schema does not know it.

    Args:
        raw: the schema of the whole.
        pointer: the member's place; `*` is every member of a list, and an empty text the whole.
        references: of the document that the schema stands in.
        words: which compositions are looked into.
    """
    here = list(_in_place(raw, references, words))
    for part in parts_of(pointer):
        inside = [inner for schema in here if (inner := _member(schema, part)) is not None]
        here = [found for inner in inside for found in _in_place(inner, references, words)]
    return here


def always_there(raw: Any, pointer: str, references: References) -> bool:
    """Say whether every instance has the member: each part of its path is required, and not in an alternative only."""
    parent = ""
    for part in parts_of(pointer):
        above = described(raw, parent, references, SURE)
        if not any(part in _names(schema.get("required")) for schema in above):
            return False
        parent = below(parent, part)
    return bool(described(raw, pointer, references, SURE))


def demanded(raw: Any, pointer: str, references: References) -> bool:
    """Say whether a member is required by the object that it stands in, wherever there is such an object."""
    parent, _, last = pointer.rpartition("/")
    (name,) = parts_of(f"/{last}")
    return any(name in _names(schema.get("required")) for schema in described(raw, parent, references))


def kinds(schemas: list[dict[str, Any]]) -> frozenset[str]:
    """Return the JSON types that the schemas name."""
    return frozenset(kind for schema in schemas for kind in _names(schema.get("type")))


def require_linkable(shape: dict[str, Any], linking: Linking) -> None:
    """Return if amount, currency and payee are members that every object of a type has, as texts.

    Raises:
        ValueError: one is not.
    """
    references = References(shape, Faults())
    for name in ("amount", "currency", "payee", "payee_name"):
        pointer = getattr(linking, name)
        if not pointer:
            continue
        taken = {"string", "integer"} if name == "amount" else {"string"}
        found = described(shape, pointer, references)
        if not found:
            raise ValueError(f"its `linking.{name}` names `{pointer}`, which its schema does not declare")
        if not kinds(found) or not kinds(found) <= taken:
            raise ValueError(
                f"its `linking.{name}` names `{pointer}`, which is not of type {' or '.join(sorted(taken))}"
            )
        if not always_there(shape, pointer, references):
            raise ValueError(f"its `linking.{name}` names `{pointer}`, which is not `required`")


def _member(schema: dict[str, Any], part: str) -> Any:
    if part == EVERY:
        return schema.get("items")
    properties = schema.get("properties")
    return properties.get(part) if isinstance(properties, dict) else None


def _in_place(raw: Any, references: References, words: Parts, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield a schema and all that it applies to the same place; references to nothing have been told elsewhere."""
    if not isinstance(raw, dict) or depth > _DEEPEST:
        return
    yield raw
    inner = [one for word in words if isinstance(raw.get(word), list) for one in raw[word]]
    if "$ref" in raw:
        try:
            inner.append(references.value(references.target(raw["$ref"], "")))
        except Broken:
            return
    for one in inner:
        yield from _in_place(one, references, words, depth + 1)


def _names(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value) if isinstance(value, list) else []
