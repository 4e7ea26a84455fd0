"""Refuse texts that are not in the one normal form: two spellings of one name pass every comparison as two.  RFC 8259 §8.3; RFC 5198 §3.

A schema counts code points (`maxLength`), a database compares octets, a person sees neither.
"""

import unicodedata
from typing import Any

from ringfence.gateway.faults import pointer
from ringfence.problem import Fault, Reason, Refused
from ringfence.strict_json import parse, render


def parse_normal(body: bytes, *, max_depth: int) -> Any:
    """Return the JSON document in a text, of which every text is in NFC.

    Raises:
        Refused: a JSON_… reason, or TEXT_NOT_NORMAL.
    """
    document = parse(body, max_depth=max_depth)
    if not body.isascii() or b"\\u" in body:
        check_normal(body, document)
    return document


def check_normal(body: bytes, document: Any) -> None:
    r"""Return if every text of a JSON body is in NFC.

    The whole is looked at in one go: what stands around a text (quotes) composes with nothing, so the whole is normal
    exactly when each text is. Escapes (`\u0301`) are looked at as what they stand for.

    Args:
        body: as it came.
        document: the same, parsed.

    Raises:
        Refused: TEXT_NOT_NORMAL with the place as JSON pointer.
    """
    text = render(document) if b"\\u" in body else body
    if text.isascii() or unicodedata.is_normalized("NFC", text.decode("utf-8")):
        return
    at = _first(document)
    raise Refused(Reason.TEXT_NOT_NORMAL, at, faults=(Fault(at, "is not in NFC: normalise it before it is sent"),))


def check_normal_text(text: str, where: str) -> None:
    """Return if a text that is not ASCII is in NFC.  Raises Refused TEXT_NOT_NORMAL."""
    if not unicodedata.is_normalized("NFC", text):
        raise Refused(Reason.TEXT_NOT_NORMAL, faults=(Fault(where, "is not in NFC: normalise it before it is sent"),))


def _first(document: Any) -> str:
    places: list[tuple[tuple[str | int, ...], Any]] = [((), document)]
    while places:
        path, value = places.pop()
        if isinstance(value, str) and not unicodedata.is_normalized("NFC", value):
            return pointer(path)
        if isinstance(value, dict):
            if any(not unicodedata.is_normalized("NFC", name) for name in value):
                return pointer(path)
            places += [((*path, name), inner) for name, inner in value.items()]
        elif isinstance(value, list):
            places += [((*path, index), inner) for index, inner in enumerate(value)]
    return ""
