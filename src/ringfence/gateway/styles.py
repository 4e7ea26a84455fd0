"""Take a parameter's raw text apart as its style says, before anything is decoded.  OpenAPI 3.1.1 §4.8.12.3, §4.8.12.4; RFC 6570 §3.2.

What separates is looked for in the text as it came: a `%2C` inside an item is a comma of the item. A server that
decodes first would see two items, so an item that holds its separator is refused.
"""

import re
from typing import Final

from ringfence.gateway.texts import invalid

_SEPARATORS: Final = {
    "form": (re.compile(","), ","),
    "simple": (re.compile(","), ","),
    "spaceDelimited": (re.compile(r"%20|\+"), " "),
    "pipeDelimited": (re.compile(r"\||%7[Cc]"), "|"),
    "label": (re.compile(","), ","),
    "matrix": (re.compile(","), ","),
    "label*": (re.compile(r"\."), "."),
    "matrix*": (re.compile(";"), ";"),
}
"""What stands between items on the wire, and decoded; with `*` where they are exploded."""

Item = tuple[str, str]
"""A raw text, and the separator that it must not hold once it is decoded."""


def plain(raw: str, style: str, name: str, where: str) -> str:
    """Return the raw text of a single value: `5`, `.5`, `;id=5`.  Raises Refused PARAMETER_INVALID."""
    if style == "label":
        return _after(raw, ".", where)
    if style == "matrix":
        return _after(raw, f";{name}=", where)
    return raw


def items(raw: str, style: str, *, explode: bool, name: str, where: str) -> list[Item]:
    """Return the raw items of an array: `3,4`, `3 4`, `3|4`, `.3.4`, `;id=3;id=4`.  Raises Refused PARAMETER_INVALID."""
    pieces, separator = _pieces(raw, style, explode=explode, name=name, where=where)
    if style == "matrix" and explode:
        pieces = [_after(piece, f"{name}=", where) for piece in pieces]
    return [(piece, separator) for piece in pieces]


def members(raw: str, style: str, *, explode: bool, name: str, where: str) -> list[tuple[Item, Item]]:
    """Return the raw names and values of an object: `a,1,b,2`, or `a=1,b=2` where it is exploded.

    Raises:
        Refused: PARAMETER_INVALID, also for a name that stands twice.
    """
    pieces, separator = _pieces(raw, style, explode=explode, name=name, where=where)
    if explode:
        pairs = [piece.partition("=") for piece in pieces]
        if not all(mark for _, mark, _ in pairs):
            raise invalid(where, "is not a list of name=value")
        found = [(key, value) for key, _, value in pairs]
    else:
        if len(pieces) % 2:
            raise invalid(where, "is not a list of names and values")
        found = list(zip(pieces[::2], pieces[1::2], strict=True))
    if len({key for key, _ in found}) != len(found):
        raise invalid(where, "names a member twice")
    return [((key, separator), (value, separator)) for key, value in found]


def _pieces(raw: str, style: str, *, explode: bool, name: str, where: str) -> tuple[list[str], str]:
    if style == "label":
        raw = _after(raw, ".", where)
    elif style == "matrix":
        raw = _after(raw, ";" if explode else f";{name}=", where)
    pattern, separator = _SEPARATORS[f"{style}*" if explode and style in {"label", "matrix"} else style]
    return pattern.split(raw), separator


def _after(raw: str, prefix: str, where: str) -> str:
    if not raw.startswith(prefix):
        raise invalid(where, f"has to begin with {prefix}")
    return raw[len(prefix) :]
