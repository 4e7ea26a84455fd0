"""Walk an instance and find its free text, with the place of each as a JSON pointer names it.  RFC 6901 §3."""

from typing import Any

from ringfence.gateway.faults import pointer
from ringfence.policy.free_text import Texts

Place = tuple[Any, ...]
"""`()` for the whole, else the place around it and the last part of the path: cheap to make for texts that are in order."""
Path = tuple[str | int, ...]


def free_texts(instance: Any, texts: Texts) -> list[tuple[Place, str]]:
    """Return place and text of what `texts` says is free. A valid instance has nothing that `texts` does not know."""
    found: list[tuple[Place, str]] = []
    if isinstance(instance, str):
        if texts.free:
            found.append(((), instance))
    else:
        _inside(instance, texts, (), found)
    return found


def _inside(instance: Any, texts: Texts, place: Place, found: list[tuple[Place, str]]) -> None:
    if isinstance(instance, dict):
        _members(instance, texts, place, found)
    elif isinstance(instance, list) and texts.items is not None:
        below = texts.items
        for index, value in enumerate(instance):
            if not isinstance(value, str):
                _inside(value, below, (place, index), found)
            elif below.free:
                found.append(((place, index), value))


def _members(instance: dict[str, Any], texts: Texts, place: Place, found: list[tuple[Place, str]]) -> None:
    members, others = texts.members, texts.others
    for name, value in instance.items():
        below = members.get(name)
        if below is None:
            if others is None:
                continue
            below = others
            found.append(((place, name), name))
        if not isinstance(value, str):
            _inside(value, below, (place, name), found)
        elif below.free:
            found.append(((place, name), value))


def path_to(place: Place) -> Path:
    """Return the parts of the path to a place."""
    parts: list[str | int] = []
    while place:
        place, part = place
        parts.append(part)
    return tuple(reversed(parts))


def fits(asked: str, path: Path) -> bool:
    """Say whether an exception's pointer covers a place: `*` is any one part, a last `**` all below."""
    wanted = asked.split("/")[1:]
    parts = pointer(path).split("/")[1:]
    if wanted and wanted[-1] == "**":
        return len(parts) >= len(wanted) - 1 and _alike(wanted[:-1], parts)
    return len(wanted) == len(parts) and _alike(wanted, parts)


def _alike(wanted: list[str], parts: list[str]) -> bool:
    return all(w in {"*", p} for w, p in zip(wanted, parts, strict=False))
