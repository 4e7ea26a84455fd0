"""Attack: go on using a token after its time."""

from ringfence.attacks.outcome import Attack, Must, Outcome, attempt
from ringfence.attacks.target import Target


def run(target: Target) -> Outcome:
    """Call with a token that was good and has expired; key and proof are right."""
    url = target.accounts_url
    return Outcome(
        (
            attempt(
                f"{target.expired.name}, too late",
                Must(401, "token-expired"),
                lambda: target.http.get(url, headers=target.fields(target.expired, "GET", url)),
            ),
        )
    )


ATTACK = Attack("expired-token", "Expired token", run)
