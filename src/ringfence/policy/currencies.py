"""How many decimals an amount of a currency has.  ISO 4217, list one: minor units."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

USUAL: Final = 2

OTHERS: Final[Mapping[str, int]] = MappingProxyType(
    dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND"), 0)
    | dict.fromkeys(("VUV", "XAF", "XOF", "XPF"), 0)
    | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
    | dict.fromkeys(("CLF", "UYW"), 4)
)
"""Currencies that do not have two."""

MOST_DIGITS: Final = 18
"""Before the point: as many as an amount as text may have."""


def minor_units(amount: Decimal, currency: str) -> int | None:
    """Return an amount in whole units of the currency's smallest, or None where it is finer than that, or beyond any.

    Args:
        amount: finite, 0 or more; whatever its exponent, the answer costs no more than its digits.
        currency: ISO 4217.
    """
    _, digits, exponent = amount.as_tuple()
    if not isinstance(exponent, int) or amount.adjusted() >= MOST_DIGITS:
        return None
    number = int("".join(map(str, digits)))
    shift = exponent + OTHERS.get(currency, USUAL)
    if shift >= 0:
        return number * int(10**shift)
    if -shift > len(digits):
        return None if number else 0
    units, rest = divmod(number, 10**-shift)
    return None if rest else units
