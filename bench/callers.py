"""The partners of the bench: their keys and tokens, and requests with a fresh proof each."""

import base64
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from bench.documents import SCOPES
from ringfence.clock import system_clock
from ringfence.keys.providers.local import LocalSigner
from ringfence.policy.model import Policy

TOKEN_SECONDS = 1800
"""Longer than the bench: tokens are made once."""
P256_BYTES = 32
SHARED_KEYS = 16


def encoded(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Caller(msgspec.Struct, frozen=True):
    """A client with its key and a token bound to it."""

    client_id: str
    key: ec.EllipticCurvePrivateKey
    header: str
    """The proof's header, encoded: it is the same on every call."""
    token: str
    token_hash: str

    def proof(self, method: str, url: str) -> str:
        """Return a fresh DPoP proof.  RFC 9449 §4.2."""
        claims = {
            "jti": encoded(os.urandom(16)),  # a proof needs nothing better here
            "htm": method,
            "htu": url,
            "iat": int(system_clock()),
            "ath": self.token_hash,
        }
        signed = f"{self.header}.{encoded(msgspec.json.encode(claims))}"
        r, s = decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{encoded(r.to_bytes(P256_BYTES, 'big') + s.to_bytes(P256_BYTES, 'big'))}"


def jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    """Return the public part of a key, members in the order of its thumbprint.  RFC 7638 §3.2."""
    numbers = key.public_key().public_numbers()
    x, y = (encoded(n.to_bytes(P256_BYTES, "big")) for n in (numbers.x, numbers.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


class Issuing:
    """Makes tokens with the installation's own signing key, as its authorization server would."""

    def __init__(self, policy: Policy, signing_key: Path) -> None:
        """Load the key."""
        self._issuer = policy.issuer
        self._signer = LocalSigner.load(signing_key)

    async def token(self, client_id: str, confirmation: dict[str, str]) -> str:
        """Return an access token (RFC 9068) with both scopes, bound as `confirmation` says."""
        now = int(system_clock())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._issuer,
            "sub": f"user-of-{client_id}",
            "client_id": client_id,
            "grant_id": f"grant_{client_id}",
            "scope": " ".join(SCOPES),
            "jti": encoded(os.urandom(16)),
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "cnf": confirmation,
        }
        return await self._signer.sign(claims, "at+jwt")

    async def caller(self, client_id: str, key: ec.EllipticCurvePrivateKey) -> Caller:
        """Return a caller whose token is bound to `key`.  RFC 9449 §6.1."""
        public = jwk(key)
        thumbprint = encoded(hashlib.sha256(msgspec.json.encode(public)).digest())
        token = await self.token(client_id, {"jkt": thumbprint})
        header = encoded(msgspec.json.encode({"typ": "dpop+jwt", "alg": "ES256", "jwk": public}))
        return Caller(client_id, key, header, token, encoded(hashlib.sha256(token.encode()).digest()))

    async def certificate_token(self, client_id: str, certificate: bytes) -> str:
        """Return a token that is bound to a client certificate.  RFC 8705 §3.1."""
        der = x509.load_pem_x509_certificate(certificate).fingerprint(hashes.SHA256())
        return await self.token(client_id, {"x5t#S256": encoded(der)})


async def callers(issuing: Issuing, clients: Sequence[str]) -> list[Caller]:
    """Return a caller for each client id. They share sixteen keys: what counts is that clients and tokens differ."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(min(len(clients), SHARED_KEYS))]
    return [await issuing.caller(client, keys[number % len(keys)]) for number, client in enumerate(clients)]


def message(method: str, authority: str, path: str, fields: dict[str, str], body: bytes = b"") -> bytes:
    """Return an HTTP/1.1 request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {authority}"]
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def proven(who: list[Caller], method: str, authority: str, path: str, count: int, body: bytes = b"") -> Iterator[bytes]:
    """Yield `count` requests, each with a proof of its own, the callers taking turns."""
    url = f"https://{authority}{path}"
    for number in range(count):
        caller = who[number % len(who)]
        fields = {"authorization": f"DPoP {caller.token}", "dpop": caller.proof(method, url)}
        yield message(method, authority, path, fields, body)
