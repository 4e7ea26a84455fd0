"""Make a DPoP proof, as a partner does for each call.  RFC 9449 §4.2."""

import base64
import hashlib
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from ringfence.clock import Instant
from ringfence.ids import Random, new_token


def make_proof(key: ECKey, method: str, url: str, now: Instant, random: Random, access_token: str = "") -> str:
    """Return a fresh proof that the holder of `key` makes this one call.

    Args:
        key: a P-256 key; the access token is bound to its thumbprint.
        method: the request's method.
        url: the URL called; its query and fragment do not count.
        now: the time of the call.
        random: where `jti` comes from: each proof is good once.
        access_token: the token that goes with it, or "" where none does (PAR and token endpoint).
    """
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public_part(key)}
    claims: dict[str, Any] = {
        "jti": new_token(random),
        "htm": method,
        "htu": url.partition("#")[0].partition("?")[0],
        "iat": int(now),
    }
    if access_token:
        claims["ath"] = sha256_base64url(access_token)
    return jwt.encode(header, claims, key, algorithms=["ES256"])


def public_part(key: ECKey) -> dict[str, Any]:
    """Return a key as a JWK without anything private."""
    return {name: key.as_dict(private=False)[name] for name in ("kty", "crv", "x", "y")}


def sha256_base64url(text: str) -> str:
    """Return SHA-256 of a text in base64url without padding, as `ath` and a PKCE challenge need it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode("ascii")).digest()).decode("ascii").rstrip("=")
