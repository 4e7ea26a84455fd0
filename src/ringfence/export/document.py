"""Nested members by dotted path, and JSON that stays on its line.  RFC 8259."""

import json
from collections.abc import Mapping
from typing import Any


def put(document: dict[str, Any], path: str, value: Any) -> None:
    """Set a member, making what is around it; the segment `0` is the one item of a list."""
    *around, last = path.split(".")
    at: Any = document
    for segment, following in zip(around, [*around[1:], last], strict=False):
        if segment == "0":
            if not at:
                at.append({})
            at = at[0]
        else:
            at = at.setdefault(segment, [] if following == "0" else {})
    at[last] = value


def has(document: Mapping[str, Any], path: str) -> bool:
    """Say whether a member is there."""
    at: Any = document
    for segment in path.split("."):
        if not isinstance(at, Mapping) or segment not in at:
            return False
        at = at[segment]
    return True


def says_something(value: object) -> bool:
    """Say whether a field is worth a member: numbers and booleans always, texts and lists where not empty."""
    return value not in ("", [], None)


def one_line(document: Mapping[str, Any]) -> str:
    """Return compact JSON in ASCII: no character of a value can begin another line, for any reader."""
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
