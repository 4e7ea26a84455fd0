"""What a payment among authorization details comes to: its amount and payee, for the page and for the proof of approval.  SCA RTS art. 5(1)."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ringfence.oauth.checks.authorization_details import Details
from ringfence.oauth.exchange import Server
from ringfence.oauth.words import shown
from ringfence.policy.details import TYPE, CompiledType
from ringfence.policy.linking_model import Linking
from ringfence.policy.pointers import find
from ringfence.problem import Reason, Refused
from ringfence.store.model import Grant


class Payment(msgspec.Struct, frozen=True):
    """What the customer approves: exactly as the token will say it, every character of it to be seen."""

    type: str
    amount: str
    currency: str
    payee: str
    payee_name: str = ""
    valid_seconds: int = 0
    """How long after its approval it can be made."""

    @property
    def amount_shown(self) -> str:
        """Amount and currency as a person reads them."""
        return f"{self.amount} {self.currency}"

    @property
    def payee_shown(self) -> str:
        """The payee as a person reads it: the name first, where there is one."""
        return f"{self.payee_name} – {self.payee}" if self.payee_name else self.payee


def payment_of(details: Sequence[Mapping[str, Any]], types: Mapping[str, CompiledType]) -> Payment | None:
    """Return the payment among details that fit their types; None where there is none.

    Raises:
        Refused: DETAILS_INVALID where there are several: a customer approves one amount to one payee at a time.
    """
    found = [
        _payment(detail, kind.linking)
        for detail in details
        if (kind := types.get(detail[TYPE])) is not None and kind.linking is not None
    ]
    if len(found) > 1:
        raise Refused(Reason.DETAILS_INVALID, "one payment is approved at a time")
    return found[0] if found else None


def require_own_grant(details: Details, before: Grant | None, types: Mapping[str, CompiledType]) -> Payment | None:
    """Return the payment among a grant's details, if the grant may hold it.

    Raises:
        Refused: DETAILS_INVALID for several, and for one in a grant that was there before: what is approved once
            and used once is not mixed with what lasts.
    """
    payment = payment_of(details, types)
    if payment is not None and before is not None:
        raise Refused(Reason.DETAILS_INVALID, "a payment is a grant of its own: leave grant_management_action out")
    return payment


async def consent_behind(details: Details, grant_id: str, server: Server) -> str:
    """Return the id of the consent that a token's payment is used up with; empty where the token holds none."""
    if payment_of(details, server.profile.detail_types) is None:
        return ""
    consent = await server.ports.records.consent_of_grant(grant_id)
    return consent.consent_id if consent is not None else ""


def _payment(detail: Mapping[str, Any], linking: Linking) -> Payment:
    try:
        amount, currency, payee = (str(find(detail, at)) for at in (linking.amount, linking.currency, linking.payee))
        name = str(find(detail, linking.payee_name)) if linking.payee_name else ""
    except KeyError:
        # of before the policy declared them
        raise Refused(Reason.DETAILS_INVALID, "the payment names no amount or no payee") from None
    if any(shown(text) != text for text in (amount, currency, payee, name)):
        raise Refused(Reason.DETAILS_INVALID, "amount or payee holds characters that the customer could not see")
    return Payment(detail[TYPE], amount, currency, payee, name, linking.valid_seconds)
