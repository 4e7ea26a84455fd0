"""Attack: name the amount twice, so that the checker reads one and the bank the other.  RFC 8259 §4."""

import json

from ringfence.attacks.outcome import Attack, Must, Outcome, attempt
from ringfence.attacks.target import Target


def run(target: Target) -> Outcome:
    """Write the member plainly, and once with an escape that only a parser sees through."""
    body = json.dumps(target.payment).encode()
    must = Must(400, "json-duplicate-key")
    plain = body.replace(b'"Amount": "', b'"Amount": "9999.99", "Amount": "', 1)
    escaped = body.replace(b'"Amount": "', b'"\\u0041mount": "9999.99", "Amount": "', 1)
    return Outcome(
        (
            attempt("Amount twice", must, lambda: target.pay(plain)),
            attempt("Amount twice, one escaped", must, lambda: target.pay(escaped)),
        )
    )


ATTACK = Attack("duplicate-key", "Duplicate key", run)
