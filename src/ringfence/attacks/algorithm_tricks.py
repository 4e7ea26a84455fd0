"""Attack: talk the verifier into another algorithm.  RFC 8725 §2.1, §3.1."""

from typing import Any

import httpx

from ringfence.attacks.forge import hmac_signed, opened, public_pem, unsigned
from ringfence.attacks.outcome import Attack, Must, Outcome, attempt
from ringfence.attacks.target import Target, presented


def run(target: Target) -> Outcome:
    """Forge the token without a signature and with the public key as HMAC secret, then do the same to the proof."""
    url, real = target.accounts_url, target.victim.access_token
    header, claims = opened(real)
    claims |= {"scope": "accounts payments"}
    public = next(key for key in target.issuer_keys["keys"] if key["kid"] == header["kid"])
    forged_plain = unsigned(header | {"alg": "none"}, claims)
    forged_hmac = hmac_signed(header | {"alg": "HS256"}, claims, public_pem(public))

    def with_token(token: str) -> httpx.Response:
        return target.http.get(url, headers=presented(token, target.proof(target.victim.key, "GET", url, token)))

    def with_proof(algorithm: str) -> httpx.Response:
        return target.http.get(url, headers=presented(real, _proof(target, algorithm, url, real)))

    token, proof = Must(401, "token-algorithm"), Must(401, "proof-algorithm")
    return Outcome(
        (
            attempt("token: none", token, lambda: with_token(forged_plain)),
            attempt("token: HS256 with the public key", token, lambda: with_token(forged_hmac)),
            attempt("proof: none", proof, lambda: with_proof("none")),
            attempt("proof: HS256 with the public key", proof, lambda: with_proof("HS256")),
        )
    )


def _proof(target: Target, algorithm: str, url: str, token: str) -> str:
    header, claims = opened(target.proof(target.victim.key, "GET", url, token))
    changed: dict[str, Any] = header | {"alg": algorithm}
    if algorithm == "none":
        return unsigned(changed, claims)
    return hmac_signed(changed, claims, public_pem(target.victim.key.public_jwk))


ATTACK = Attack("algorithm-tricks", "alg tricks: none, and HS256 with the public key", run)
