"""Keys that sign anything, so that a test can write what no library would."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from ringfence.clock import Instant
from ringfence.problem import Reason, Refused
from ringfence.proofs.access_token import AccessToken, verify_access_token
from ringfence.proofs.jwk import VerificationKey, from_public_key

NOW = Instant(1_760_000_000.0)
ISSUER = "https://as.bank.example"
AUDIENCE = "https://api.bank.example"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def dump(value: Any) -> bytes:
    """JSON text: bytes are taken as they are, so that a test can write a member twice."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


@dataclass(frozen=True)
class Signer:
    """A private key and the JWS algorithm it signs with."""

    alg: str
    private: Any

    @property
    def public(self) -> VerificationKey:
        return from_public_key(self.private.public_key(), kid=f"key-{self.alg}")

    @property
    def jwk(self) -> dict[str, str]:
        public = self.private.public_key()
        if isinstance(public, ec.EllipticCurvePublicKey):
            numbers = public.public_numbers()
            size = (public.key_size + 7) // 8
            x, y = (b64(n.to_bytes(size, "big")) for n in (numbers.x, numbers.y))
            return {"kty": "EC", "crv": f"P-{public.key_size}", "x": x, "y": y}
        if isinstance(public, rsa.RSAPublicKey):
            rsa_numbers = public.public_numbers()
            n = b64(rsa_numbers.n.to_bytes((public.key_size + 7) // 8, "big"))
            return {"kty": "RSA", "n": n, "e": "AQAB"}
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes_raw())}

    def signature(self, signing_input: bytes) -> bytes:
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self.private.sign(signing_input, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        if isinstance(self.private, rsa.RSAPrivateKey):
            if self.alg == "RS256":
                return self.private.sign(signing_input, padding.PKCS1v15(), hashes.SHA256())
            return self.private.sign(signing_input, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        return bytes(self.private.sign(signing_input))

    def sign(self, header: Any, claims: Any) -> str:
        signing_input = f"{b64(dump(header))}.{b64(dump(claims))}".encode()
        return f"{signing_input.decode()}.{b64(self.signature(signing_input))}"


@dataclass(frozen=True)
class HmacSigner(Signer):
    """Signs with HS256 under any secret: also under a public key."""

    secret: bytes = b""

    def signature(self, signing_input: bytes) -> bytes:
        return hmac.new(self.secret, signing_input, hashlib.sha256).digest()


@pytest.fixture(scope="session")
def signers() -> dict[str, Signer]:
    return {
        "ES256": Signer("ES256", ec.generate_private_key(ec.SECP256R1())),
        "PS256": Signer("PS256", rsa.generate_private_key(65537, 2048)),
        "EdDSA": Signer("EdDSA", ed25519.Ed25519PrivateKey.generate()),
    }


@pytest.fixture(params=["ES256", "PS256", "EdDSA"])
def signer(request: pytest.FixtureRequest, signers: dict[str, Signer]) -> Signer:
    return signers[request.param]


@pytest.fixture
def es256(signers: dict[str, Signer]) -> Signer:
    return signers["ES256"]


@pytest.fixture(scope="session")
def vectors() -> dict[str, dict[str, Any]]:
    path = Path(__file__).parents[2] / "vectors" / "jose.json"
    return json.loads(path.read_text())


@pytest.fixture(scope="session")
def hmac_signer() -> Callable[[bytes], Signer]:
    return lambda secret: HmacSigner("HS256", None, secret)


@pytest.fixture(scope="session")
def refusal() -> Callable[..., Reason]:
    """Call something that must refuse, and return why."""

    def of(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Reason:
        with pytest.raises(Refused) as caught:
            call(*args, **kwargs)
        return caught.value.reason

    return of


@pytest.fixture
def token_claims() -> dict[str, Any]:
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "user_1",
        "client_id": "client_1",
        "jti": "token_1",
        "iat": int(NOW),
        "exp": int(NOW) + 300,
        "scope": "accounts payments",
        "grant_id": "grant_1",
        "cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"},
    }


@pytest.fixture
def token_of(signers: dict[str, Signer]) -> Callable[[dict[str, Any]], AccessToken]:
    """Sign claims as the issuer would, and verify them."""

    def made(claims: dict[str, Any]) -> AccessToken:
        signer = signers["ES256"]
        raw = signer.sign({"alg": "ES256", "typ": "at+jwt", "kid": "1"}, claims)
        return verify_access_token(raw, lambda kid: signer.public, issuer=ISSUER, audience=AUDIENCE, now=NOW, skew=30.0)

    return made
