"""Take away what an answer's schema does not declare.  JSON Schema 2020-12 §10.3.2; RFC 6901 §3."""

from typing import Any, Final

from ringfence.policy.operations import Shape

MOST_POINTERS: Final = 32
"""Places that one event names."""

POINTER_CHARACTERS: Final = 128
"""Of a pointer in an event: member names are the upstream's and may be long."""


def undeclared(document: Any, shape: Shape, *, take_away: bool) -> list[str]:
    """Return the JSON pointers of members that the shape does not declare, up to MOST_POINTERS, and take them all away.

    Args:
        document: changed in place.
        shape: what is declared.
        take_away: whether to change it, or only to look.
    """
    found: list[str] = []
    places: list[tuple[str, Any, Shape | bool]] = [("", document, shape)]
    while places:
        at, value, declared = places.pop()
        if isinstance(declared, bool):
            continue
        if isinstance(value, dict):
            unknown = _unknown(at, value, declared, places)
            found += [f"{at}/{escaped(name)}"[:POINTER_CHARACTERS] for name in unknown[: MOST_POINTERS - len(found)]]
            for name in unknown if take_away else ():
                del value[name]
        elif isinstance(value, list):
            below = declared.item()
            if not isinstance(below, bool):
                places += [
                    (f"{at}/{i}", inner, below) for i, inner in enumerate(value) if isinstance(inner, dict | list)
                ]
    return found


def _unknown(at: str, value: dict[str, Any], declared: Shape, places: list[tuple[str, Any, Shape | bool]]) -> list[str]:
    """Return the members that are not declared; what lies below the others is still to be looked at."""
    unknown = []
    for name, inner in value.items():
        below = declared.member(name)
        if below is False:
            unknown.append(name)
        elif below is not True and isinstance(inner, dict | list):
            places.append((f"{at}/{escaped(name)}", inner, below))
    return unknown


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
