"""Is this the payment that the customer approved?  SCA RTS art. 5(1)(b), (c); RFC 9396 §9.1."""

import re
from decimal import Decimal
from typing import Any, Final

from ringfence.gateway.stages import Valid
from ringfence.policy.linking_model import Linking
from ringfence.policy.pointers import find
from ringfence.problem import Fault, Reason, Refused

_PLAIN: Final = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?", re.ASCII)
"""An amount as text. No sign, exponent, space, separator or other digits: whoever reads it next may read them otherwise."""

NAMES: Final = ("amount", "currency", "payee", "payee_name")

_NOTHING: Final = object()


def require_linked(valid: Valid, linking: Linking | None) -> Valid:
    """Return the call if amount, currency and payee in its body are those of the token, whatever else it holds.

    What differs is told by its place and name, not by its value: the answer may end up in logs that the customer's
    payments have no business in.

    Args:
        valid: the call, body parsed.
        linking: of the type that the operation's `link` names; None where the policy has dropped it.

    Raises:
        Refused: PAYMENT_CHANGED.
    """
    identified = valid.limited.authorized.identified
    link, token = identified.located.operation.demands.link, identified.token
    if link is None:
        return valid
    approved = [detail for detail in token.authorization_details if detail.get("type") == link.type]
    if linking is None or len(approved) != 1 or not token.consent_id:
        raise Refused(Reason.PAYMENT_CHANGED, f"the token holds no approval of type {link.type}")
    faults = []
    for name in NAMES:
        sent_at, granted_at = getattr(link.members, name), getattr(linking, name)
        if not sent_at and not granted_at:
            continue
        sent, granted = member(valid.payload, sent_at), member(approved[0], granted_at)
        if not (_same_amount(sent, granted) if name == "amount" else _same_text(sent, granted)):
            faults.append(Fault(sent_at, f"the {name.replace('_', ' ')} differs from what the customer approved"))
    if faults:
        raise Refused(Reason.PAYMENT_CHANGED, faults=tuple(faults))
    return valid


def member(document: Any, pointer: str) -> Any:
    """Return the member at a pointer, or something that equals nothing where it is absent."""
    try:
        return find(document, pointer)
    except KeyError:
        return _NOTHING


def exact_amount(value: Any) -> Decimal | None:
    """Return an amount as the exact number that it says, or None where it could be read two ways."""
    match value:
        case bool():
            return None
        case str():
            return Decimal(value) if _PLAIN.fullmatch(value) else None
        case int() | Decimal():
            number = Decimal(value)
            return number if number.is_finite() and number >= 0 else None
        case _:
            return None


def _same_amount(sent: Any, granted: Any) -> bool:
    """Say whether both are one number: `10.0` is `10.00`."""
    amount = exact_amount(sent)
    return amount is not None and amount == exact_amount(granted)


def _same_text(sent: Any, granted: Any) -> bool:
    """Say whether both are one text, code point by code point: what looks alike is not the same payee."""
    return isinstance(sent, str) and isinstance(granted, str) and sent == granted
