"""Take away what an answer's schema does not declare.  JSON Schema 2020-12 §10.3.2; RFC 6901 §3."""

from typing import Any, Final

from ringfence.policy.operations import Shape

MOST_POINTERS: Final = 32
"""Places that one event names."""

POINTER_CHARACTERS: Final = 128
"""Of a pointer in an event: member names are the upstream's and may be long."""


_At = tuple[Any, str | int] | None
"""A place: the place around it, and the name or index in that."""


def undeclared(document: Any, shape: Shape, *, take_away: bool) -> list[str]:
    """Return the JSON pointers of members that the shape does not declare, up to MOST_POINTERS, and take them all away.

    Args:
        document: changed in place.
        shape: what is declared.
        take_away: whether to change it, or only to look.
    """
    found: list[str] = []
    places: list[tuple[_At, Any, Shape]] = [(None, document, shape)]
    while places:
        at, value, declared = places.pop()
        if isinstance(value, dict):
            unknown = _unknown(at, value, declared, places)
            found += [_pointer((at, name)) for name in unknown[: MOST_POINTERS - len(found)]]
            for name in unknown if take_away else ():
                del value[name]
        elif isinstance(value, list):
            below = declared.item()
            if below is not True and below is not False:
                places += [((at, i), inner, below) for i, inner in enumerate(value) if isinstance(inner, dict | list)]
    return found


def _unknown(at: _At, value: dict[str, Any], declared: Shape, places: list[tuple[_At, Any, Shape]]) -> list[str]:
    """Return the members that are not declared; what lies below the others is still to be looked at."""
    unknown = []
    for name, inner in value.items():
        below = declared.member(name)
        if below is False:
            unknown.append(name)
        elif below is not True and isinstance(inner, dict | list):
            places.append(((at, name), inner, below))
    return unknown


def _pointer(at: _At) -> str:
    """Return the JSON pointer of a place; most places never need one."""
    parts = []
    while at is not None:
        at, part = at
        parts.append(f"/{escaped(str(part))}")
    return "".join(reversed(parts))[:POINTER_CHARACTERS]


def take_away_at(document: Any, path: list[str | int]) -> bool:
    """Take the member at a path out of its object, and say whether that could be done."""
    if not path or not isinstance(path[-1], str):
        return False
    holder = document
    for part in path[:-1]:
        try:
            holder = holder[part]
        except (KeyError, IndexError, TypeError):
            return False
    return isinstance(holder, dict) and holder.pop(path[-1], path) is not path


def escaped(name: str) -> str:
    """Return a member's name as a part of a JSON pointer, without characters that a log could stumble over."""
    plain = name if name.isprintable() else name.encode("unicode_escape").decode("ascii")
    return plain.replace("~", "~0").replace("/", "~1")
