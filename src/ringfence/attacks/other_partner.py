"""Attack: a registered partner uses another partner's token with its own key."""

from ringfence.attacks.outcome import Attack, Must, Outcome, attempt
from ringfence.attacks.target import Target, presented


def run(target: Target) -> Outcome:
    """Read the accounts that a customer opened to somebody else."""
    token, url, own_key = target.victim.access_token, target.accounts_url, target.reader.key
    own_token = target.reader.access_token
    own_proof = presented(token, target.proof(own_key, "GET", url, token))
    for_own_token = presented(token, target.proof(own_key, "GET", url, own_token))
    return Outcome(
        (
            attempt(
                f"{target.reader.name} with {target.victim.name}'s token",
                Must(401, "proof-key"),
                lambda: target.http.get(url, headers=own_proof),
            ),
            attempt(
                "proof made for its own token",
                Must(401, "proof-token-hash"),
                lambda: target.http.get(url, headers=for_own_token),
            ),
        )
    )


ATTACK = Attack("other-partner", "Another partner's token", run)
