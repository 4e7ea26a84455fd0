"""A partner for the tests of the chain: keys, tokens and proofs made with jwcrypto, not with our own code."""

import base64
import hashlib
import json
from typing import Any

from jwcrypto import jwk, jws

from ringfence.proofs.jwk import VerificationKey, parse_public_jwk

ISSUER = "https://issuer.example"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Caller:
    def __init__(self) -> None:
        self.issuer_key = jwk.JWK.generate(kty="EC", crv="P-256", kid="k1")
        self.key = jwk.JWK.generate(kty="EC", crv="P-256")
        self._count = 0

    def issuer_keys(self, kid: str) -> VerificationKey | None:
        public = {**json.loads(self.issuer_key.export_public()), "alg": "ES256"}
        return parse_public_jwk(public, algorithms={"ES256"}) if kid == "k1" else None

    def token(self, now: float, **claims: Any) -> str:
        body = {
            "iss": ISSUER,
            "aud": ISSUER,
            "sub": "user_a",
            "client_id": "client_a",
            "scope": "accounts",
            "jti": "j1",
            "grant_id": "grant_a",
            "iat": int(now),
            "exp": int(now) + 300,
            "cnf": {"jkt": self.key.thumbprint()},
            **claims,
        }
        return self._sign(self.issuer_key, {"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, body)

    def proof(self, now: float, method: str, url: str, token: str, key: jwk.JWK | None = None, **claims: Any) -> str:
        self._count += 1
        key = key or self.key
        header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": json.loads(key.export_public())}
        body = {
            "jti": f"proof-{self._count}",
            "htm": method,
            "htu": url,
            "iat": int(now),
            "ath": b64(hashlib.sha256(token.encode()).digest()),
            **claims,
        }
        return self._sign(key, header, body)

    @staticmethod
    def _sign(key: jwk.JWK, header: dict[str, Any], body: dict[str, Any]) -> str:
        token = jws.JWS(json.dumps(body).encode())
        token.add_signature(key, None, json.dumps(header))
        return token.serialize(compact=True)
