"""Whether digits are a card number (ISO/IEC 7812-1) or an IBAN (ISO 13616): check digits, lengths, issuers.

Issuers' ranges are those that the schemes publish. Without them one number in ten would be a card by chance.
"""

import re
from collections.abc import Sequence
from typing import Final

_SIXTEEN: Final = frozenset({16})
_SIXTEEN_UP: Final = frozenset(range(16, 20))
ISSUERS: Final[tuple[tuple[int, int, frozenset[int]], ...]] = (
    (4, 4, frozenset({13, 16, 19})),  # Visa
    (51, 55, _SIXTEEN),  # Mastercard
    (2221, 2720, _SIXTEEN),
    (34, 34, frozenset({15})),  # American Express
    (37, 37, frozenset({15})),
    (300, 305, frozenset(range(14, 20))),  # Diners
    (309, 309, frozenset(range(14, 20))),
    (36, 36, frozenset(range(14, 20))),
    (38, 39, frozenset(range(14, 20))),
    (3528, 3589, _SIXTEEN_UP),  # JCB
    (62, 62, _SIXTEEN_UP),  # UnionPay
    (81, 82, _SIXTEEN_UP),  # UnionPay, RuPay
    (60, 61, frozenset(range(13, 20))),  # Discover, Maestro, RuPay
    (63, 69, frozenset(range(13, 20))),
    (50, 50, frozenset(range(13, 20))),  # Maestro, Verve, Elo
    (56, 58, frozenset(range(13, 20))),
    (2200, 2205, _SIXTEEN_UP),  # Mir
    (9792, 9792, _SIXTEEN),  # Troy
    (8600, 8600, _SIXTEEN),  # Uzcard
    (9860, 9860, _SIXTEEN),  # Humo
)
"""First and last prefix of a range, and how many digits its numbers have."""

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

IBAN_OF_DIGITS: Final = frozenset(
    {"AT", "BE", "CZ", "DE", "DK", "EE", "ES", "FI", "HU", "IS", "LT", "NO", "PL", "PT", "SE", "SI", "SK"}
)
"""Of the countries whose account numbers have no letters (SWIFT's registry), most: sixteen hexadecimal digits that begin
with `be` are no account in Belgium."""

_IBAN_START: Final = re.compile(r"[A-Z]{2}[0-9]{2}")
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def luhn(digits: Sequence[int]) -> bool:
    """Say whether the last digit is the check digit.  ISO/IEC 7812-1 annex B."""
    return (sum(digits[-1::-2]) + sum(_DOUBLED[digit] for digit in digits[-2::-2])) % 10 == 0


def _issuers_by_prefix() -> dict[str, frozenset[int]]:
    return {str(prefix): lengths for low, high, lengths in ISSUERS for prefix in range(low, high + 1)}


_BY_PREFIX: Final = _issuers_by_prefix()


def lengths(digits: str) -> frozenset[int]:
    """Return how many digits a card number may have that begins so; none if nobody issues such a number."""
    for size in (1, 2, 3, 4):
        if found := _BY_PREFIX.get(digits[:size]):
            return found
    return frozenset()


def card(digits: str) -> bool:
    """Say whether digits are a card number: a known issuer, a length of its, and the check digit."""
    return len(digits) in lengths(digits) and len(set(digits)) > 1 and luhn([int(c) for c in digits])


def iban(letters: str) -> bool:
    """Say whether the check digits fit, of upper-case letters and digits.  ISO 7064 MOD 97-10."""
    if not _IBAN_START.match(letters) or (letters[:2] in IBAN_OF_DIGITS and not letters[4:].isdecimal()):
        return False
    return int("".join(str(int(c, 36)) for c in letters[4:] + letters[:4])) % 97 == 1
