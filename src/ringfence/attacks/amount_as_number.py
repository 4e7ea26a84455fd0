"""Attack: send the amount as a number, which readers round differently."""

import copy
import json

from ringfence.attacks.outcome import Attack, Must, Outcome, attempt
from ringfence.attacks.target import Target


def run(target: Target) -> Outcome:
    """Send a number that has no exact binary form."""
    payment = copy.deepcopy(target.payment)
    amount = payment["Data"]["Initiation"]["InstructedAmount"]
    amount["Amount"] = 0.1
    body = json.dumps(payment).encode()
    must = Must(400, "body-invalid", at="/Data/Initiation/InstructedAmount/Amount")
    return Outcome((attempt('"Amount": 0.1', must, lambda: target.pay(body)),))


ATTACK = Attack("amount-as-number", "Amount as a number", run)
