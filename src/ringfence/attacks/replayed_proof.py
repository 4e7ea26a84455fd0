"""Attack: send a call a second time, exactly as it was overheard."""

from ringfence.attacks.outcome import Attack, Must, Outcome, attempt
from ringfence.attacks.target import Target

REPEATS = 4
"""More than there are workers, so that each of them meets the proof again."""


def run(target: Target) -> Outcome:
    """Let the victim's own call pass once, then repeat it."""
    url = target.accounts_url
    overheard = target.fields(target.victim, "GET", url)
    first = target.http.get(url, headers=overheard)
    tries = tuple(
        attempt(f"repeat {n}", Must(401, "proof-replayed"), lambda: target.http.get(url, headers=overheard))
        for n in range(1, REPEATS + 1)
    )
    return Outcome(tries, honest_calls=1, remark=f"the call itself was answered {first.status_code}")


ATTACK = Attack("replayed-proof", "Replayed proof", run)
