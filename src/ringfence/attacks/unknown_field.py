"""Attack: slip a member into a payment that the API does not know, hoping that the bank behind it does."""

import copy
import json

from ringfence.attacks.outcome import Attack, Must, Outcome, attempt
from ringfence.attacks.target import Target


def run(target: Target) -> Outcome:
    """Add a member that would mean something to a careless bank."""
    payment = copy.deepcopy(target.payment)
    payment["Data"]["Initiation"]["Approved"] = True
    body = json.dumps(payment).encode()
    must = Must(400, "body-invalid", at="/Data/Initiation")
    return Outcome((attempt('"Approved": true', must, lambda: target.pay(body)),))


ATTACK = Attack("unknown-field", "Unknown field in the body", run)
