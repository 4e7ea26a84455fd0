"""Attack: use a proof that was made for reading to make a payment."""

import json

import httpx

from ringfence.attacks.outcome import Attack, Must, Outcome, attempt
from ringfence.attacks.target import Target, presented


def run(target: Target) -> Outcome:
    """Send a payment with a proof for GET of the same URL, then with one for POST of another URL."""
    token, key, url = target.victim.access_token, target.victim.key, target.payments_url
    body = json.dumps(target.payment).encode()

    def pay(method: str, proved_url: str) -> httpx.Response:
        fields = presented(token, target.proof(key, method, proved_url, token)) | {"content-type": "application/json"}
        return target.http.post(url, content=body, headers=fields)

    return Outcome(
        (
            attempt("proof for GET", Must(401, "proof-method"), lambda: pay("GET", url)),
            attempt("proof for another URL", Must(401, "proof-url"), lambda: pay("POST", target.accounts_url)),
        )
    )


ATTACK = Attack("wrong-method", "Wrong method in the proof", run)
