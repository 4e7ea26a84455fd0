"""Account numbers and amounts: IBAN check digits, and money as whole pennies.  ISO 13616; ISO 7064 MOD 97-10."""

import re
from decimal import Decimal
from typing import Final, NewType

Minor = NewType("Minor", int)
"""An amount in the currency's smallest unit: pennies for GBP."""

MINOR_PER_UNIT: Final = 100
"""Pennies in a pound; the demo bank keeps accounts in two-decimal currencies only (ISO 4217)."""

MOST_DIGITS: Final = 13
"""Digits before the point that an amount may have, as UK open banking counts them."""

_AMOUNT: Final = re.compile(rf"[0-9]{{1,{MOST_DIGITS}}}(\.[0-9]{{1,2}})?", re.ASCII)
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)


def minor(amount: str) -> Minor:
    """Return the pennies of an amount such as `"12.50"`.

    Raises:
        ValueError: it is not a plain decimal with at most two places.
    """
    if not _AMOUNT.fullmatch(amount):
        raise ValueError(f"{amount!r} is not an amount with at most two decimal places")
    return Minor(int(Decimal(amount) * MINOR_PER_UNIT))


def amount_text(value: Minor) -> str:
    """Return pennies as the text of an amount: always two places, no sign (the indicator says which way)."""
    pounds, pennies = divmod(abs(value), MINOR_PER_UNIT)
    return f"{pounds}.{pennies:02d}"


def iban(bank: str, sort_code: str, number: str) -> str:
    """Return a British IBAN with its check digits.

    Args:
        bank: four letters.
        sort_code: six digits.
        number: eight digits.
    """
    bban = f"{bank}{sort_code}{number}"
    return f"GB{98 - _mod_97(bban + 'GB00'):02d}{bban}"


def checked_iban(text: str) -> str:
    """Return an IBAN without spaces whose check digits are right.

    Raises:
        ValueError: its form or its check digits are wrong.
    """
    compact = text.replace(" ", "")
    if not _IBAN.fullmatch(compact) or _mod_97(compact[4:] + compact[:4]) != 1:
        raise ValueError("the check digits of the IBAN are wrong")
    return compact


def _mod_97(text: str) -> int:
    return int("".join(str(int(c, 36)) for c in text)) % 97
