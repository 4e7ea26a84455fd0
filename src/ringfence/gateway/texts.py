"""Turn the texts of parameters and form fields into the values that a schema describes.  OpenAPI 3.1 §4.8.12."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from ringfence.gateway.normal import check_normal_text
from ringfence.problem import Fault, Reason, Refused

Pairs = list[tuple[str, str]]
"""Raw names and values, still percent-encoded, in order."""

MAX_PAIRS: Final = 256
"""Pairs in one query or form: more than any document in use declares, few enough to be cheap."""

_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,39})", re.ASCII)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)


def pairs(raw: str) -> Pairs:
    """Split `a=1&b=2` strictly.

    Raises:
        Refused: PARAMETER_INVALID for an empty pair, more than MAX_PAIRS, or a `;`, at which some servers split too.
    """
    if not raw:
        return []
    if ";" in raw:
        raise Refused(Reason.PARAMETER_INVALID, "a semicolon is taken as %3B only")
    pieces = raw.split("&")
    if len(pieces) > MAX_PAIRS:
        raise Refused(Reason.PARAMETER_INVALID, f"at most {MAX_PAIRS} parameters are taken")
    found: Pairs = []
    for piece in pieces:
        name, _, value = piece.partition("=")
        if not name:
            raise Refused(Reason.PARAMETER_INVALID, "an empty parameter (a stray & or =) is not taken")
        found.append((name, value))
    return found


def decoded(raw: str, where: str, *, plus: bool, json: bool = False) -> str:
    """Percent-decode a text; `plus` reads `+` as a space, as forms and queries do.

    With `json`, line ends and tabs may stand in it, as between the members of a document.

    Raises:
        Refused: PARAMETER_INVALID if it is not UTF-8 or holds a control character, TEXT_NOT_NORMAL if it is not in NFC.
    """
    if plus and "+" in raw:
        raw = raw.replace("+", " ")
    if "%" in raw:
        try:
            raw = unquote_to_bytes(raw).decode("utf-8", "strict")
        except UnicodeDecodeError:
            raise invalid(where, "is not UTF-8 when percent-decoded") from None
    if not raw.isascii():
        check_normal_text(raw, where)
    if not raw.isprintable() and any((c < " " and not (json and c in "\r\n\t")) or c == "\x7f" for c in raw):
        raise invalid(where, "holds a control character")
    return raw


def invalid(where: str, message: str) -> Refused:
    """Return the refusal of one parameter."""
    return Refused(Reason.PARAMETER_INVALID, faults=(Fault(where, message),))


def readings(text: str, kind: str) -> Iterator[Any]:
    """Yield the values that `text` may stand for under a schema of that kind, the likeliest first.

    A schema of kind `any` may want a string or another type; the text itself is tried first.
    """
    if kind == "integer":
        if _INTEGER.fullmatch(text):
            yield int(text)
    elif kind == "number":
        if _NUMBER.fullmatch(text):
            yield int(text) if _INTEGER.fullmatch(text) else Decimal(text)
    elif kind == "boolean":
        if text in {"true", "false"}:
            yield text == "true"
    else:
        yield text
        if kind == "any":
            for other in ("integer", "number", "boolean"):
                yield from readings(text, other)


def value(text: str, kind: str) -> Any:
    """Return the likeliest value of `text`; the text itself where it does not read as that kind.

    The schema then refuses it, with its own words.
    """
    return next(readings(text, kind), text)
