"""What may be shown, kept and computed of a card number.  PCI DSS §3.4.1, §3.5.1, §3.5.1.1; NIST SP 800-38G §5.1.

Shown are at most the issuer's digits and the last four. Kept is an envelope, a random token, or a keyed hash. A hash
without a key is refused: nine digits and a check digit are tried in seconds. A truncation and a keyed hash of one number
never stand in one place, where each would make the other's secret smaller. FF1 only where it hides a million values.
"""

import hmac
from typing import Final, Literal, NewType

from ringfence.protect.account_numbers import card
from ringfence.protect.ff1 import FF1, SMALLEST_DOMAIN, DomainTooSmall
from ringfence.protect.masks import masked

Pan = NewType("Pan", str)
"""Digits of a card number, which have been checked."""
Bin = Literal[6, 8]
"""How many digits name the issuer: eight since ISO/IEC 7812-1:2017, six with older partners."""
Form = Literal["envelope", "token", "keyed-hash", "truncation"]
"""What may be kept instead of a number."""

LAST: Final = 4
HASH_KEY_BYTES: Final = 32
"""Bytes of a hash's key at least: as strong as what it makes (PCI DSS §3.6)."""
_GAPS: Final = str.maketrans("", "", " -")


class NotACard(ValueError):
    """No issuer has such a number, or its check digit is another."""


class Forbidden(ValueError):
    """PCI DSS does not let this be shown, kept or computed."""


def read_pan(text: str) -> Pan:
    """Return the digits of a card number, with or without spaces and hyphens.  Raises NotACard, which does not repeat it."""
    digits = text.translate(_GAPS)
    if not digits.isascii() or not digits.isdigit() or not card(digits):
        raise NotACard("not a card number")
    return Pan(digits)


def shown(pan: Pan, *, first: int, last: int = LAST, issuer: Bin = 8) -> str:
    """Return the number with its middle hidden.  PCI DSS §3.4.1.

    Args:
        pan: the number.
        first: digits shown at the beginning, at most those of the issuer.
        last: digits shown at the end, at most four.
        issuer: how many digits name the issuer, as the policy says; of a shorter number than 16, six always.

    Raises:
        Forbidden: more would be shown.
    """
    allowed = issuer if len(pan) >= 16 else 6  # noqa: PLR2004 - PCI SSC FAQ 1091: shorter numbers keep six
    if not (0 <= first <= allowed and 0 <= last <= LAST):
        raise Forbidden(f"at most the first {allowed} and the last {LAST} digits are shown")
    return masked(pan, first, last)


def keyed_hash(pan: Pan, key: bytes) -> bytes:
    """Return HMAC-SHA256 of a number.  PCI DSS §3.5.1.1; RFC 2104.

    Raises:
        Forbidden: the key is none, or too short to be one.
    """
    if len(key) < HASH_KEY_BYTES or len(set(key)) == 1:
        raise Forbidden(f"a hash of a card number has a key of {HASH_KEY_BYTES} bytes or more")
    return hmac.digest(key, pan.encode(), "sha256")


def keep_together(forms: frozenset[Form]) -> frozenset[Form]:
    """Return the forms of one number that stand in one place.  PCI DSS §3.5.1.

    Raises:
        Forbidden: one is a hash and one shows digits: together they give the number away to who tries the rest.
    """
    if {"keyed-hash", "truncation"} <= forms:
        raise Forbidden("a truncation and a hash of one card number are not kept together")
    return forms


class PreservedPan:
    """Encrypts the middle of a number by FF1, with the rest as it is; the result is no card number to look at, or is one."""

    __slots__ = ("_ff1", "_first", "_last")

    def __init__(self, key: bytes, *, first: int = 0, last: int = LAST) -> None:
        """Take a key that does nothing else, and how many digits stay at either end.  Raises Forbidden."""
        if not (0 <= first <= 8 and 0 <= last <= LAST):  # noqa: PLR2004 - the issuer's digits
            raise Forbidden("at most the issuer's digits and the last four stay in the clear")
        self._ff1 = FF1(key)
        self._first = first
        self._last = last

    def encrypt(self, pan: Pan) -> str:
        """Return a text of as many digits, bound to those in the clear.

        Raises:
            DomainTooSmall: fewer than a million numbers have these ends. The check digit leaves a tenth of them, so
                16 digits with six and four in the clear are too few, and with eight and four by far.
        """
        self._wide_enough(len(pan))
        head, middle, tail = self._parts(pan)
        return head + self._ff1.encrypt(middle, self._tweak(head, tail)) + tail

    def decrypt(self, text: str) -> Pan:
        """Return the number.  Raises DomainTooSmall; NotACard, if it was encrypted by another key, or changed."""
        self._wide_enough(len(text))
        head, middle, tail = self._parts(text)
        return read_pan(head + self._ff1.decrypt(middle, self._tweak(head, tail)) + tail)

    def _parts(self, text: str) -> tuple[str, str, str]:
        end = len(text) - self._last
        return text[: self._first], text[self._first : end], text[end:]

    def _wide_enough(self, digits: int) -> None:
        hidden = digits - self._first - self._last
        if 10 ** max(0, hidden - 1) < SMALLEST_DOMAIN:  # one digit follows from the others, by Luhn's sum
            raise DomainTooSmall(f"{hidden} hidden digits: with the check digit, fewer than {SMALLEST_DOMAIN} numbers")

    def _tweak(self, head: str, tail: str) -> bytes:
        return f"{head}|{tail}".encode()
