"""Find card numbers and IBANs in anything that was kept or logged.  PCI DSS §3.5.1.

What is read are bytes: text of any kind, JSON with its escapes, forms, UTF-16, pages of databases, and what stands in base64.
A number counts where nothing belongs to it on either side, where its separators are all alike, where an issuer or
country has such numbers, and where its check digits fit. Time is linear: what is looked at from one place is bounded.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from ringfence.protect.account_numbers import IBAN_LENGTHS, card, iban, lengths
from ringfence.protect.masks import masked

Kind = Literal["card", "iban"]

_LEFT: Final = (
    rb"(?:(?<![0-9A-Za-z])|(?<=\\[nrtbf])|(?<=\\u[0-9A-Fa-f]{4})|(?<=%[0-9A-Fa-f]{2}))"  # escapes end in letters
    rb"(?<![0-9]\.)(?<![0-9]\x00)"  # a fraction's digits; UTF-16
)
_GAP: Final = rb"(?:\x00?[ .-]\x00?|\x00|\+|%20|\\u00[aA]0|\xc2\xa0)"
_CARD: Final = re.compile(_LEFT + rb"(?=([2-9](?:" + _GAP + rb"?[0-9]){12,18}))")
_IBAN: Final = re.compile(
    _LEFT + rb"(?=([A-Za-z]\x00?[A-Za-z](?:" + _GAP + rb"?[0-9]){2}(?:" + _GAP + rb"?[0-9A-Za-z]){11,30}))"
)
_PIECE: Final = re.compile(rb"([0-9A-Za-z])(" + _GAP + rb"?)(?=[0-9A-Za-z]|$)")
_MORE: Final = re.compile(rb"\x00?[0-9A-Za-z]|\.[0-9]")
_BASE64: Final = re.compile(rb"[0-9A-Za-z+/_-]{20,}")  # 13 digits are 18 characters, and 20 with two of JSON's quotes
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")

REACH: Final = 256
"""Bytes that the longest match has: 34 characters, and a gap of six bytes after each."""
_BEFORE: Final = 8
"""Bytes that the patterns look back."""
_ENOUGH: Final = 4096
"""Bytes that are waited for before anything is looked at."""
_GROUP: Final = 4


@dataclass(frozen=True, slots=True)
class Found:
    """One number: what it is, where it begins (in bytes), and how it may be shown."""

    kind: Kind
    offset: int
    length: int
    value: str = field(repr=False)
    """Without its separators."""
    encoded: bool = False
    """It stood in base64."""

    @property
    def masked(self) -> str:
        """Six digits and the last four of a card (PCI DSS §3.4.1), country and the last four of an IBAN."""
        return masked(self.value, 6 if self.kind == "card" else 2, 4)


class Scanner:
    """Reads what comes in pieces and tells what stood in it, each place once."""

    __slots__ = ("_begin", "_buffer", "_covered", "_from")

    def __init__(self) -> None:
        """Begin with nothing."""
        self._buffer = b""
        self._begin = 0  # offset of the buffer's first byte
        self._from = 0  # what begins before has been looked at
        self._covered = 0  # what begins before belongs to what was found

    def feed(self, data: bytes) -> list[Found]:
        """Return what is surely found; the last bytes are kept for what comes next."""
        self._buffer += data
        return self._look(len(self._buffer) - REACH) if len(self._buffer) >= _ENOUGH else []

    def end(self) -> list[Found]:
        """Return what the last bytes hold."""
        return self._look(len(self._buffer))

    def _look(self, limit: int) -> list[Found]:
        start = self._from - self._begin
        plain = [found for found in _plain(self._buffer, start, limit, self._begin) if found.offset >= self._covered]
        taken = max((found.offset + found.length for found in plain), default=0)
        self._covered = max(self._covered, taken)
        found = plain + list(_encoded(self._buffer, start, limit, self._begin))
        keep = max(0, limit - _BEFORE)
        self._from = self._begin + limit
        self._buffer = self._buffer[keep:]
        self._begin += keep
        return sorted(found, key=lambda one: one.offset)


def scan(data: bytes) -> list[Found]:
    """Return what stands in `data`, in order."""
    scanner = Scanner()
    return [*scanner.feed(data), *scanner.end()]


def without_numbers(text: str) -> str:
    """Return a text with `[card]` and `[iban]` where one stood: for what callers chose and we tell, like an unknown path."""
    data = text.encode("utf-8", "surrogatepass")
    for found in sorted(_plain(data, 0, len(data), 0), key=lambda one: -one.offset):
        data = data[: found.offset] + f"[{found.kind}]".encode() + data[found.offset + found.length :]
    return data.decode("utf-8", "surrogatepass")


def _plain(buffer: bytes, start: int, limit: int, begin: int) -> Iterator[Found]:
    """Yield what begins between `start` and `limit`; an IBAN goes before the card that its digits might look like."""
    taken: list[tuple[int, int]] = []
    for pattern, judge in ((_IBAN, _as_iban), (_CARD, _as_card)):
        behind = 0
        for match in pattern.finditer(buffer, start):
            at = match.start()
            if at >= limit:
                break
            if at < behind or any(low <= at < high for low, high in taken):
                continue
            found = judge(buffer, at, match[1])
            if found is not None:
                kind, value, behind = found
                if pattern is _IBAN:
                    taken.append((at, behind))
                yield Found(kind, begin + at, behind - at, value)


def _pieces(window: bytes) -> Iterator[tuple[str, int, bytes]]:
    """Yield each character, where it ends, and the gap behind it; what UTF-16 puts between is none."""
    for piece in _PIECE.finditer(window):
        yield piece[1].decode(), piece.end(1), piece[2].strip(b"\x00")


def _as_card(buffer: bytes, at: int, window: bytes) -> tuple[Kind, str, int] | None:
    """Return the longest that fits; what stands behind a number may be its check value or its date."""
    digits, size, gap = "", 0, b""
    groups: list[int] = []
    possible: frozenset[int] = frozenset()
    best: tuple[Kind, str, int] | None = None
    for digit, end, behind in _pieces(window):
        digits += digit
        size += 1
        if len(digits) == _GROUP and not (possible := lengths(digits)):
            return None
        if not behind and end != len(window):
            continue
        groups.append(size)
        size = 0
        if len(digits) in possible and _alike(groups, gap) and not _MORE.match(buffer, at + end) and card(digits):
            best = "card", digits, at + end
        if gap and behind != gap:
            break
        gap = behind
    return best


def _alike(groups: list[int], gap: bytes) -> bool:
    """Say whether digits are grouped as people group them: not at all, one by one, or by more than one."""
    if gap == b".":
        return all(size == _GROUP for size in groups[:-1])
    return len(groups) == 1 or min(groups[:-1]) > 1 or max(groups) == 1


def _as_iban(buffer: bytes, at: int, window: bytes) -> tuple[Kind, str, int] | None:
    letters, size, gap, length = "", 0, b"", 0
    groups: list[int] = []
    for letter, end, behind in _pieces(window):
        letters += letter
        size += 1
        if len(letters) == 2:  # noqa: PLR2004 - the country's letters
            length = IBAN_LENGTHS.get(letters.upper(), 0)
            if not length:
                return None
        if len(letters) == length:
            fits = not _MORE.match(buffer, at + end) and letters in (letters.upper(), letters.lower())
            grouped = not gap or all(one == _GROUP for one in groups) or len(groups) == 1
            return ("iban", letters.upper(), at + end) if fits and grouped and iban(letters.upper()) else None
        if behind:
            if gap and behind != gap:
                return None
            gap = behind
            groups.append(size)
            size = 0
    return None


def _encoded(buffer: bytes, start: int, limit: int, begin: int) -> Iterator[Found]:
    """Yield what base64 hides. A run may be cut anywhere, so each of the four places where it can begin is tried."""
    for run in _BASE64.finditer(buffer, max(0, start - _BEFORE)):
        if run.start() >= limit:
            break
        text = run[0].translate(_URL_SAFE)
        for shift in range(4):
            part = text[shift : shift + (len(text) - shift) // 4 * 4]
            rest = text[shift + len(part) :]
            whole = binascii.a2b_base64(part + (rest + b"A" * (4 - len(rest)) if len(rest) > 1 else b""))
            decoded = whole[: len(part) * 3 // 4 + max(0, len(rest) - 1)]
            for found in _plain(decoded, 0, len(decoded), 0):
                at = run.start() + shift + found.offset * 4 // 3
                if start <= at < limit:
                    yield Found(found.kind, begin + at, found.length * 4 // 3, found.value, encoded=True)
