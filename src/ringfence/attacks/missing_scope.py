"""Attack: make a payment with a token that was given for reading."""

from ringfence.attacks.outcome import Attack, Must, Outcome, attempt
from ringfence.attacks.target import Target


def run(target: Target) -> Outcome:
    """Pay with the reader's token; key and proof are right."""
    url = target.payments_url
    fields = target.fields(target.reader, "POST", url)
    return Outcome(
        (
            attempt(
                "accounts token makes a payment",
                Must(403, "scope-missing"),
                lambda: target.http.post(url, json=target.payment, headers=fields),
            ),
        )
    )


ATTACK = Attack("missing-scope", "Missing scope", run)
