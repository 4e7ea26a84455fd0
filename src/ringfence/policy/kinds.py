"""What a schema says about a value's type: it decides how a caller's text is read.  OpenAPI 3.1.1 §4.8.12.3."""

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

from ringfence.policy.references import References

Kind = Literal["string", "number", "integer", "boolean", "array", "object", "any"]
_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_MAX_LOOK: Final = 16
"""How deep compositions are looked into; what is deeper is read as `any`."""


def kind_of(raw: Any, at: str, references: References, depth: int = 0) -> Kind:
    """Return the type that all readings of a schema agree on, else `any`.  Raises Broken."""
    found, at = references.resolved(raw, at)
    if not isinstance(found, dict) or depth > _MAX_LOOK:
        return "any"
    kinds = found.get("type")
    named = [k for k in _KINDS if k in (kinds if isinstance(kinds, list) else [kinds])]
    if len(named) == 1:
        return named[0]
    for word in ("allOf", "oneOf", "anyOf"):
        parts = found.get(word)
        if isinstance(parts, list):
            inner = {kind_of(part, f"{at}/{word}/{i}", references, depth + 1) for i, part in enumerate(parts)}
            if word == "allOf":
                inner -= {"any"}
            if len(inner) == 1:
                return inner.pop()
    return "any"


def item_kind_of(raw: Any, at: str, references: References) -> Kind:
    """Return the kind of an array's items.  Raises Broken."""
    found, at = references.resolved(raw, at)
    if isinstance(found, dict) and "items" in found:
        return kind_of(found["items"], f"{at}/items", references)
    return "any"


def properties_of(raw: Any, at: str, references: References, depth: int = 0) -> dict[str, tuple[Any, str]]:
    """Return an object's members with their pointers, those of its compositions included.  Raises Broken."""
    found, at = references.resolved(raw, at)
    if not isinstance(found, dict) or depth > _MAX_LOOK:
        return {}
    members: dict[str, tuple[Any, str]] = {}
    for word in ("allOf", "oneOf", "anyOf"):
        for index, part in enumerate(found[word] if isinstance(found.get(word), list) else ()):
            members |= properties_of(part, f"{at}/{word}/{index}", references, depth + 1)
    properties = found.get("properties")
    if isinstance(properties, dict):
        members |= {str(name): (inner, f"{at}/properties/{name}") for name, inner in properties.items()}
    return members


def property_kinds_of(raw: Any, at: str, references: References, depth: int = 0) -> Mapping[str, str]:
    """Return the kinds of an object's members, those of its compositions included.  Raises Broken."""
    found, at = references.resolved(raw, at)
    if not isinstance(found, dict) or depth > _MAX_LOOK:
        return {}
    kinds: dict[str, str] = {}
    for word in ("allOf", "oneOf", "anyOf"):
        if isinstance(found.get(word), list):
            for index, part in enumerate(found[word]):
                for name, kind in property_kinds_of(part, f"{at}/{word}/{index}", references, depth + 1).items():
                    kinds[name] = kind if kinds.get(name, kind) == kind else "any"
    properties = found.get("properties")
    if isinstance(properties, dict):
        for name, inner in properties.items():
            kinds[str(name)] = kind_of(inner, f"{at}/properties/{name}", references)
    return kinds
