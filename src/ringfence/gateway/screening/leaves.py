"""Walk an instance and yield its free text, with the JSON pointer of each.  RFC 6901 §3."""

from collections.abc import Iterator
from typing import Any

from ringfence.gateway.faults import pointer
from ringfence.policy.free_text import Texts

Path = tuple[str | int, ...]


def free_texts(instance: Any, texts: Texts, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield path and text of what `texts` says is free. A valid instance has nothing that `texts` does not know."""
    if isinstance(instance, str):
        if texts.free:
            yield path, instance
    elif isinstance(instance, dict):
        members, others = texts.members, texts.others
        for name, value in instance.items():
            below = members.get(name)
            if below is None and others is not None:
                below = others
                yield (*path, name), name
            if below is not None:
                yield from free_texts(value, below, (*path, name))
    elif isinstance(instance, list) and texts.items is not None:
        for index, value in enumerate(instance):
            yield from free_texts(value, texts.items, (*path, index))


def fits(asked: str, path: Path) -> bool:
    """Say whether an exception's pointer covers a place: `*` is any one part, a last `**` all below."""
    wanted = asked.split("/")[1:]
    parts = pointer(path).split("/")[1:]
    if wanted and wanted[-1] == "**":
        return len(parts) >= len(wanted) - 1 and _alike(wanted[:-1], parts)
    return len(wanted) == len(parts) and _alike(wanted, parts)


def _alike(wanted: list[str], parts: list[str]) -> bool:
    return all(w in {"*", p} for w, p in zip(wanted, parts, strict=False))
