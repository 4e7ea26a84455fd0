"""Read what rules are about out of a call: amounts, accounts, countries. Money stays exact from the text on.  ISO 4217; ISO 13616."""

import re
import unicodedata
from decimal import Decimal
from typing import Any, Final

from ringfence.gateway.linked import exact_amount
from ringfence.gateway.stages import Valid
from ringfence.policy.currencies import minor_units
from ringfence.policy.pointers import find
from ringfence.problem import Fault, Reason, Refused

_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_IBAN: Final = re.compile(r"([A-Z]{2})[0-9]{2}[A-Z0-9]{10,30}", re.ASCII)


def fact(valid: Valid, place: str) -> Any:
    """Return what stands at a place of a call, or None."""
    if not place.startswith("/"):
        return valid.parameters.get(place)
    try:
        return find(valid.payload, place)
    except KeyError:
        return None


def amount(valid: Valid, place: str) -> Decimal:
    """Return an amount.  Raises Refused FACT_MISSING where there is none, or none that can be read one way only."""
    found = exact_amount(fact(valid, place))
    if found is None:
        raise _missing(place, "write the amount, in plain digits")
    return found


def units(money: Decimal, currency: str) -> int:
    """Return an amount in the currency's smallest unit.  Raises Refused AMOUNT_OUT_OF_BOUNDS where it is finer."""
    found = minor_units(money, currency)
    if found is None:
        raise Refused(
            Reason.AMOUNT_OUT_OF_BOUNDS, f"write the amount in whole units of the smallest coin of {currency}"
        )
    return found


def currency(valid: Valid, place: str) -> str:
    """Return a currency, as it is written.  Raises Refused FACT_MISSING."""
    found = fact(valid, place)
    if not isinstance(found, str) or not found:
        raise _missing(place, "write the currency")
    return found


def account(valid: Valid, place: str) -> str:
    """Return an account in one spelling: letters and digits only, whatever case.  Raises Refused FACT_MISSING.

    `GB29 NWBK 6016` and `gb29nwbk6016` are one account to the bank, so they are one to a sum.
    """
    found = fact(valid, place)
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if isinstance(found, str):
        plain = unicodedata.normalize("NFKC", found).casefold()
        found = "".join(letter for letter in plain if letter.isalnum())
    if not isinstance(found, str) or not found:
        raise _missing(place, "write the account")
    return found


def country(valid: Valid, place: str) -> str:
    """Return the country that a text names, or that an IBAN begins with; `""` where it is neither."""
    found = fact(valid, place)
    if not isinstance(found, str):
        return ""
    text = found.replace(" ", "").upper()
    if _COUNTRY.fullmatch(text):
        return text
    iban = _IBAN.fullmatch(text)
    return iban[1] if iban else ""


def _missing(place: str, instead: str) -> Refused:
    return Refused(Reason.FACT_MISSING, faults=(Fault(place, instead),))
