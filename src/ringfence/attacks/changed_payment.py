"""Attack: change amount or payee after the customer has approved the payment, or make it twice.  SCA RTS art. 5(1)(c)."""

import copy
import json
from typing import Any, Final

from ringfence.attacks.outcome import Attack, Must, Outcome, attempt
from ringfence.attacks.target import Target

AMOUNT: Final = "/Data/Initiation/InstructedAmount/Amount"
PAYEE: Final = "/Data/Initiation/CreditorAccount/Identification"

OTHER_AMOUNT: Final = "1250.00"
OTHER_ACCOUNT: Final = "99210455779912"


def run(target: Target) -> Outcome:
    """Send another amount, then another payee, then what was approved a second time."""
    return Outcome(
        (
            attempt(
                f"£{OTHER_AMOUNT} in place of what was approved",
                Must(403, "payment-changed", at=AMOUNT),
                lambda: target.pay(_changed(target, "InstructedAmount", "Amount", OTHER_AMOUNT)),
            ),
            attempt(
                "another account to pay to",
                Must(403, "payment-changed", at=PAYEE),
                lambda: target.pay(_changed(target, "CreditorAccount", "Identification", OTHER_ACCOUNT)),
            ),
            attempt(
                "the approved payment a second time",
                Must(403, "consent-used"),
                lambda: target.pay(json.dumps(target.payment).encode()),
            ),
        )
    )


def _changed(target: Target, part: str, member: str, value: str) -> bytes:
    payment: dict[str, Any] = copy.deepcopy(target.payment)
    payment["Data"]["Initiation"].setdefault(part, {})[member] = value
    return json.dumps(payment).encode()


ATTACK = Attack("changed-payment", "Payment changed after consent, or made twice", run)
