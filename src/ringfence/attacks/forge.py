"""Make signed and unsigned JWTs of any form, wrong ones above all.  RFC 7515 §7.1."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

COORDINATE_BYTES: Final = 32
"""Of P-256 (RFC 7518 §3.4, §6.2.1)."""


class Key:
    """A P-256 key that signs whatever it is given."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        """Take the private key."""
        self._private: Final = private
        point = private.public_key().public_numbers()
        self.public_jwk: Final[dict[str, str]] = {
            "kty": "EC",
            "crv": "P-256",
            "x": encoded(point.x.to_bytes(COORDINATE_BYTES, "big")),
            "y": encoded(point.y.to_bytes(COORDINATE_BYTES, "big")),
        }

    @classmethod
    def fresh(cls) -> "Key":
        """Return a new key."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @staticmethod
    def digest(token: str) -> str:
        """Return what a proof's `ath` holds.  RFC 9449 §4.2."""
        return encoded(hashlib.sha256(token.encode("ascii")).digest())

    def sign(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        """Return a JWT that is signed with ES256, whatever its header says."""
        signed = signing_input(header, claims)
        r, s = decode_dss_signature(self._private.sign(signed.encode("ascii"), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{encoded(r.to_bytes(COORDINATE_BYTES, 'big') + s.to_bytes(COORDINATE_BYTES, 'big'))}"


def unsigned(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """Return a JWT without a signature.  RFC 7515 §6."""
    return signing_input(header, claims) + "."


def hmac_signed(header: Mapping[str, Any], claims: Mapping[str, Any], secret: bytes) -> str:
    """Return a JWT whose last part is an HMAC, for a verifier that would take a public key for a secret."""
    signed = signing_input(header, claims)
    return f"{signed}.{encoded(hmac.digest(secret, signed.encode('ascii'), 'sha256'))}"


def opened(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a JWT, unverified."""
    header, claims, _ = token.split(".")
    return json.loads(_decoded(header)), json.loads(_decoded(claims))


def public_pem(jwk: Mapping[str, str]) -> bytes:
    """Return a published P-256 or RSA key as PEM: what careless verifiers are handed as a secret."""
    numbers = {name: int.from_bytes(_decoded(jwk[name]), "big") for name in ("x", "y", "n", "e") if name in jwk}
    public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
    if jwk["kty"] == "EC":
        public = ec.EllipticCurvePublicNumbers(numbers["x"], numbers["y"], ec.SECP256R1()).public_key()
    else:
        public = rsa.RSAPublicNumbers(numbers["e"], numbers["n"]).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signing_input(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """Return header and claims in base64url with a dot between."""
    return f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"


def encoded(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
