"""One way to write a JSON value, so that its hash means something.  RFC 8785 §3.2."""

import json
from typing import Any, Final

LARGEST_INTEGER: Final = 2**53 - 1
"""Beyond it a reader that knows only doubles would see another number.  RFC 8785 §3.2.2.3."""

_PLAIN_TO: Final = 21
"""ECMAScript writes numbers below 10^21 without an exponent."""

_SMALLEST_PLAIN: Final = -6

_quoted: Final = json.JSONEncoder(ensure_ascii=False).encode
"""Escapes what must be escaped and nothing else, as RFC 8785 §3.2.2.2 has it; one encoder, because making one costs more."""


def canonical(value: Any) -> bytes:
    """Return the canonical form of a JSON value: members by UTF-16 code units, numbers as ECMAScript writes them.

    Raises:
        ValueError: there is no canonical form: NaN, infinity, a lone surrogate, an integer beyond 2^53.
        TypeError: it is no JSON value.
    """
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts).encode()


def _write(value: Any, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(_quoted(value))
    elif value is None or isinstance(value, bool):
        parts.append("null" if value is None else "true" if value else "false")
    elif isinstance(value, int):
        if not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            raise ValueError(f"{value} is no number that every reader of JSON knows")
        parts.append(str(value))
    elif isinstance(value, float):
        parts.append(number(value))
    elif isinstance(value, dict):
        _write_object(value, parts)
    elif isinstance(value, list | tuple):
        parts.append("[")
        for place, item in enumerate(value):
            if place:
                parts.append(",")
            _write(item, parts)
        parts.append("]")
    else:
        raise TypeError(f"{type(value).__name__} is no JSON value")


def _write_object(value: dict[Any, Any], parts: list[str]) -> None:
    names = sorted(value) if all(map(str.isascii, value)) else sorted(value, key=lambda name: name.encode("utf-16-be"))
    mark = "{"
    for name in names:
        parts.append(f"{mark}{_quoted(name)}:")
        _write(value[name], parts)
        mark = ","
    parts.append("}" if value else "{}")


def number(value: float) -> str:
    """Return a double as ECMAScript does: the shortest digits that come back as the same double.

    Raises:
        ValueError: NaN or infinity.
    """
    if value - value != 0:
        raise ValueError("there is no JSON for NaN or infinity")
    if value == 0:
        return "0"
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    written = whole + fraction
    digits = written.lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(written) - len(digits))
    digits = digits.rstrip("0")
    if len(digits) <= point <= _PLAIN_TO:
        text = digits + "0" * (point - len(digits))
    elif 0 < point <= _PLAIN_TO:
        text = f"{digits[:point]}.{digits[point:]}"
    elif _SMALLEST_PLAIN < point <= 0:
        text = f"0.{'0' * -point}{digits}"
    else:
        rest = f".{digits[1:]}" if digits[1:] else ""
        text = f"{digits[0]}{rest}e{point - 1:+d}"
    return f"-{text}" if value < 0 else text
