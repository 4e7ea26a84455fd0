"""Attack: send bodies that some parsers repair and others do not."""

import json
from functools import partial

from ringfence.attacks.outcome import Attack, Must, Outcome, attempt
from ringfence.attacks.target import Target


def run(target: Target) -> Outcome:
    """Cut the body off, comment it, and put a second value behind it."""
    whole = json.dumps(target.payment).encode()
    must = Must(400, "json-malformed")
    bodies = (
        ("cut off", whole[: len(whole) // 2]),
        ("with a comment", whole[:-1] + b"/* twice */}"),
        ("with a second value behind it", whole + whole),
        ("NaN", whole[:-1] + b',"x":NaN}'),
    )
    return Outcome(tuple(attempt(what, must, partial(target.pay, body)) for what, body in bodies))


ATTACK = Attack("malformed-json", "Malformed JSON", run)
