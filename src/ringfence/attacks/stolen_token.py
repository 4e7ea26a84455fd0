"""Attack: use a stolen access token without the key that it is bound to."""

from functools import partial

from ringfence.attacks.forge import Key
from ringfence.attacks.outcome import Attack, Must, Outcome, attempt
from ringfence.attacks.target import Target, presented


def run(target: Target) -> Outcome:
    """Present the token as Bearer, without a proof, with a thief's proof, and with one that names the victim's key."""
    token, url, thief = target.victim.access_token, target.accounts_url, Key.fresh()
    own = presented(token, target.proof(thief, "GET", url, token))
    claimed = presented(token, target.proof(thief, "GET", url, token, jwk=target.victim.key.public_jwk))
    ways = (
        ("as Bearer", Must(401, "scheme-mismatch"), {"authorization": f"Bearer {token}"}),
        ("without a proof", Must(401, "proof-missing"), {"authorization": f"DPoP {token}"}),
        ("proof by the thief's key", Must(401, "proof-key"), own),
        ("proof that names the victim's key", Must(401, "proof-signature"), claimed),
    )
    return Outcome(
        tuple(attempt(what, must, partial(target.http.get, url, headers=fields)) for what, must, fields in ways)
    )


ATTACK = Attack("stolen-token", "Stolen token, without its key", run)
