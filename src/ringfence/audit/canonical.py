"""One way to write a JSON value, so that its hash means something.  RFC 8785 §3.2."""

from typing import Any, Final

import msgspec

LARGEST_INTEGER: Final = 2**53 - 1
"""Beyond it a reader that knows only doubles would see another number.  RFC 8785 §3.2.2.3."""

_PLAIN_TO: Final = 21
"""ECMAScript writes numbers below 10^21 without an exponent."""

_SMALLEST_PLAIN: Final = -6
_PLAINLY_FROM: Final = 0.0001
"""From here to the largest integer the encoder and ECMAScript write a fraction alike: the shortest digits, no exponent."""

_encode: Final = msgspec.json.Encoder(order="sorted").encode
"""Escapes what must be escaped and nothing else, as RFC 8785 §3.2.2.2 has it; what it writes otherwise comes to it as `Raw`."""
_AS_THEY_ARE: Final = (str, bool, type(None))


def canonical(value: Any) -> bytes:
    """Return the canonical form of a JSON value: members by UTF-16 code units, numbers as ECMAScript writes them.

    Raises:
        ValueError: there is no canonical form: NaN, infinity, a lone surrogate, an integer beyond 2^53.
        TypeError: it is no JSON value.
    """
    return _encode(_exact(value))


def _exact(value: Any) -> Any:
    """Return the value for the encoder: names in order, numbers in the one form.  Raises as `canonical`."""
    if isinstance(value, _AS_THEY_ARE):
        return value
    if isinstance(value, int):
        if not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            raise ValueError(f"{value} is no number that every reader of JSON knows")
        return value
    if isinstance(value, float):
        if value.is_integer() and abs(value) <= LARGEST_INTEGER:
            return int(value)
        return value if _PLAINLY_FROM <= abs(value) <= LARGEST_INTEGER else msgspec.Raw(number(value).encode())
    if isinstance(value, dict):
        if "".join(value).isascii():
            return {name: item if isinstance(item, _AS_THEY_ARE) else _exact(item) for name, item in value.items()}
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return msgspec.Raw(b"{%b}" % b",".join([_encode(name) + b":" + canonical(value[name]) for name in names]))
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    raise TypeError(f"{type(value).__name__} is no JSON value")


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
