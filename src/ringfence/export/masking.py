"""Take out of a text what must never leave: card numbers (ISO/IEC 7812-1), IBANs (ISO 13616) and what could be a token.

A path that no operation has, or a text of an operator's, may hold anything. Masking is not redaction by
choice: it is always on, and it looks at every text but hashes of ours.
"""

import re
from typing import Final

_TOKEN: Final = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,4}"  # JOSE, compact (RFC 7515 §7.1)
    r"|(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43,}(?![A-Za-z0-9_-])"  # 256 bits as base64url, as our codes and tokens are
    r"|(?i:(?:bearer|dpop|basic)\s+[A-Za-z0-9._~+/=-]{16,})"  # RFC 6750 §2.1
)
_DIGITS: Final = re.compile(r"(?<![A-Za-z0-9])[0-9](?:[ -]?[0-9]){12,18}(?![A-Za-z0-9])")
_IBAN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])")
SHORTEST: Final = 13
"""The shortest card number; IBANs and tokens are longer."""
_IBAN_START: Final = re.compile(r"[A-Z]{2}[0-9]{2}")

IBAN_LENGTHS: Final = {
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FK", "FI", "FO", "GL", "NL", "SD"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "KZ", "LT", "LU", "MN", "XK"), 20),
    **dict.fromkeys(("CH", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "BH", "CR", "DE", "GB", "GE", "IE", "ME", "RS", "VA"), 22),
    **dict.fromkeys(("AE", "GI", "IL", "IQ", "OM", "SO", "TL"), 23),
    **dict.fromkeys(("AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG"), 24),
    **dict.fromkeys(("LY", "PT", "ST"), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("BI", "DJ", "FR", "GR", "IT", "MC", "MR", "SM"), 27),
    **dict.fromkeys(("AL", "AZ", "BY", "CY", "DO", "GT", "HN", "HU", "LB", "NI", "PL", "SV"), 28),
    **dict.fromkeys(("BR", "EG", "PS", "QA", "UA"), 29),
    **dict.fromkeys(("JO", "KW", "MU", "YE"), 30),
    **dict.fromkeys(("MT", "SC"), 31),
    **dict.fromkeys(("LC",), 32),
    **dict.fromkeys(("RU",), 33),
}
"""Characters of an IBAN by country (SWIFT's registry). Without them, one word in a hundred would be one by chance."""


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


def luhn(digits: list[int]) -> bool:
    """Say whether the last digit is the check digit.  ISO/IEC 7812-1 annex B."""
    doubled = [d if i % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for i, d in enumerate(reversed(digits))]  # noqa: PLR2004 - 2 × 5 has two digits
    return sum(doubled) % 10 == 0


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


def iban(letters: str) -> bool:
    """Say whether the check digits fit, of upper-case letters and digits.  ISO 7064 MOD 97-10."""
    if not _IBAN_START.match(letters):
        return False
    return int("".join(str(int(c, 36)) for c in letters[4:] + letters[:4])) % 97 == 1
