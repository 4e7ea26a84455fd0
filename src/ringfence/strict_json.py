"""Read JSON that has one meaning only.  RFC 8259 §4, §6, §8; RFC 7493 §2.

Two parsers that read one text differently are a way around whatever stands between them, so this
refuses what they differ on: a member named twice, a byte order mark, UTF-16, lone surrogates, `NaN`.
Numbers stay exact: integers are `int`, those with a fraction or an exponent are `decimal.Decimal`.

The common case is decided without walking the document in Python: it is decoded by msgspec and
encoded again. A duplicate was overwritten by its successor, so its name is missing from the second
text, and the two texts hold different numbers of strings exactly when there was one.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from ringfence.problem import Fault, Reason, Refused

MAX_EXPONENT: Final = 400
"""Numbers beyond 10^±400 are refused: a double ends at 10^308, and exact arithmetic on `1e999999999`
would fill the memory of whoever tries it. RFC 8259 §6 leaves the range to the implementation."""

MAX_NUMBER_CHARACTERS: Final = 1024
"""Longest fraction taken; the decoder itself stops integers at 4,300 digits."""

_POINTER_CHARACTERS: Final = 256
"""Of a JSON pointer in a refusal; member names are the caller's and may be long."""

_QUOTE: Final = b'"'
_BRACKETS: Final = bytes.maketrans(b"[]", b"{}")
_ALL_BUT_QUOTES_AND_BRACKETS: Final = bytes(c for c in range(256) if c not in b'"[]{}')


def parse(body: bytes, *, max_depth: int) -> Any:
    """Return the document in `body`.

    Args:
        body: the whole text, UTF-8.
        max_depth: how many arrays and objects may lie within each other, up to 512 (the decoder stops
            at the interpreter's recursion limit); a bare number has depth 0.

    Raises:
        Refused: JSON_MALFORMED, JSON_TOO_DEEP, or JSON_DUPLICATE_KEY with the place as JSON pointer.
    """
    try:
        document = _decoder.decode(body)
        again = _encoder.encode(document)
    except msgspec.DecodeError as error:
        raise Refused(Reason.JSON_MALFORMED, str(error).removeprefix("JSON is malformed: ")) from None
    except RecursionError:
        raise Refused(Reason.JSON_TOO_DEEP, f"at most {max_depth} levels") from None
    except UnicodeDecodeError:
        raise Refused(Reason.JSON_MALFORMED, "it is not UTF-8") from None
    bare = _without_escapes(body)
    if _deeper_than(bare, max_depth):
        raise Refused(Reason.JSON_TOO_DEEP, f"at most {max_depth} levels")
    if again != body and bare.count(_QUOTE) != _without_escapes(again).count(_QUOTE):
        pointer = _duplicate(body)[:_POINTER_CHARACTERS]
        fault = Fault(pointer, "this member is named more than once in its object")
        raise Refused(Reason.JSON_DUPLICATE_KEY, pointer, faults=(fault,))
    return document


def render(document: Any) -> bytes:
    """Return a document as JSON; numbers keep the digits that `parse` read."""
    return _encoder.encode(document)


def _exact(text: str) -> Decimal:
    """Return a number with fraction or exponent; msgspec turns the ValueError into its DecodeError."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("a number is out of range") from None
    if len(text) > MAX_NUMBER_CHARACTERS or abs(number.adjusted()) > MAX_EXPONENT:
        raise ValueError("a number is out of range")
    return number


_decoder: Final = msgspec.json.Decoder(float_hook=_exact)
_encoder: Final = msgspec.json.Encoder(decimal_format="number")


def _without_escapes(text: bytes) -> bytes:
    r"""Return `text` (well-formed JSON) without `\\` and `\"`: every quote left opens or ends a string."""
    if b"\\" not in text:
        return text
    return text.replace(b"\\\\", b"").replace(b'\\"', b"")


def _deeper_than(bare: bytes, max_depth: int) -> bool:
    """Say whether brackets outside strings nest deeper than `max_depth`; no loop over single bytes."""
    if bare.count(b"{") + bare.count(b"[") <= max_depth:
        return False
    # Removing two quotes side by side keeps inside inside: each bracket still has an odd or even count before it.
    left = bare.translate(_BRACKETS, _ALL_BUT_QUOTES_AND_BRACKETS).replace(b'""', b"")
    if _QUOTE in left:
        left = b"".join(left.split(_QUOTE)[::2])
    # Every round takes the innermost level away.
    for _ in range(max_depth):
        if not left:
            return False
        left = left.replace(b"{}", b"")
    return bool(left)


class _Members(list[tuple[str, Any]]):
    """An object's members as they stand, duplicates kept."""


def _duplicate(body: bytes) -> str:
    """Return the JSON pointer (RFC 6901) of the first member found twice in a well-formed `body`."""
    document = json.loads(body.decode(), object_pairs_hook=_Members, parse_float=str, parse_int=str)
    places: list[tuple[str, Any]] = [("", document)]
    while places:
        at, value = places.pop()
        inner: list[tuple[str, Any]] = []
        if isinstance(value, _Members):
            seen: set[str] = set()
            for name, member in value:
                place = f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
                if name in seen:
                    return place
                seen.add(name)
                inner.append((place, member))
        elif isinstance(value, list):
            inner = [(f"{at}/{index}", element) for index, element in enumerate(value)]
        places.extend(reversed(inner))
    raise AssertionError("the counts of strings differ without a duplicate member")
