"""Take out of a text what must never leave: card numbers (ISO/IEC 7812-1), IBANs (ISO 13616) and what could be a token.

A path that no operation has, or a text of an operator's, may hold anything. Masking is not redaction by
choice: it is always on, and it looks at every text but hashes of ours.
"""

import re
from typing import Final

from ringfence.protect.account_numbers import IBAN_LENGTHS, iban, luhn

_TOKEN: Final = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,4}"  # JOSE, compact (RFC 7515 §7.1)
    r"|(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43,}(?![A-Za-z0-9_-])"  # 256 bits as base64url, as our codes and tokens are
    r"|(?i:(?:bearer|dpop|basic)\s+[A-Za-z0-9._~+/=-]{16,})"  # RFC 6750 §2.1
)
_DIGITS: Final = re.compile(r"(?<![A-Za-z0-9])[0-9](?:[ -]?[0-9]){12,18}(?![A-Za-z0-9])")
_IBAN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])")
SHORTEST: Final = 13
"""The shortest card number; IBANs and tokens are longer."""


def masked(text: str) -> str:
    """Return the text with `[token]`, `[card]` and `[iban]` where one stood."""
    if len(text) < SHORTEST:
        return text
    text = _TOKEN.sub("[token]", text)
    text = _IBAN.sub(_without_iban, text)
    return _DIGITS.sub(_without_card, text)


def _without_card(found: re.Match[str]) -> str:
    digits = [int(c) for c in found[0] if c.isdigit()]
    return "[card]" if luhn(digits) else found[0]


def _without_iban(found: re.Match[str]) -> str:
    """The pattern takes the longest run; a text may go on after the IBAN in the same style."""
    length = IBAN_LENGTHS.get(found[0][:2].upper(), 0)
    places = [at for at, c in enumerate(found[0]) if c.isalnum()]
    if not length or len(places) < length:
        return found[0]
    end = places[length - 1] + 1
    rest = found[0][end:]
    letters = "".join(c for c in found[0][:end] if c.isalnum())
    return found[0] if rest[:1].isalnum() or not iban(letters.upper()) else f"[iban]{masked(rest)}"
