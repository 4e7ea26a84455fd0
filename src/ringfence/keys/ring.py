"""The ring of token-signing keys as it is published, and the frame of what they sign.  RFC 7517 §5; RFC 7638; RFC 7515 §7.1."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ringfence.keys.ports import KeyUnusable

PublicKey = EllipticCurvePublicKey | RSAPublicKey | Ed25519PublicKey | MLDSA44PublicKey

_P256_COORDINATE_BYTES: Final = 32
"""RFC 7518 §6.2.1.2: coordinates of P-256 are 32 octets, leading zeros kept."""

SEALED_TO: Final = "RSA-OAEP-256"
"""The algorithm of keys that nothing is signed with: others seal content keys to them.  RFC 7518 §4.3."""

MINIMUM_RSA_BITS: Final = 2048
"""FAPI 2.0 SP §5.4.1-2."""


def base64url(data: bytes) -> str:
    """Return base64url without padding.  RFC 7515 §2."""
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def algorithm_of(key: PublicKey) -> str:
    """Return the one algorithm that a key signs with: P-256 `ES256`, RSA `PS256`, Ed25519 `EdDSA`, `ML-DSA-44`.

    Raises:
        KeyUnusable: another curve, or RSA below 2048 bits.
    """
    if isinstance(key, RSAPublicKey):
        if key.key_size < MINIMUM_RSA_BITS:
            raise KeyUnusable(f"an RSA key of {key.key_size} bits is too short: {MINIMUM_RSA_BITS} at least")
        return "PS256"
    if isinstance(key, Ed25519PublicKey):
        return "EdDSA"
    if isinstance(key, MLDSA44PublicKey):
        return "ML-DSA-44"
    if not isinstance(key.curve, SECP256R1):
        raise KeyUnusable(f"the curve {key.curve.name} is not taken: P-256 is")
    return "ES256"


def public_jwk(key: PublicKey) -> dict[str, str]:
    """Return a public key as it is published, its `kid` being its RFC 7638 thumbprint."""
    if isinstance(key, RSAPublicKey):
        rsa = key.public_numbers()
        members = {
            "e": base64url(rsa.e.to_bytes((rsa.e.bit_length() + 7) // 8, "big")),
            "kty": "RSA",
            "n": base64url(rsa.n.to_bytes((rsa.n.bit_length() + 7) // 8, "big")),
        }
    elif isinstance(key, Ed25519PublicKey):
        members = {"crv": "Ed25519", "kty": "OKP", "x": base64url(key.public_bytes_raw())}  # RFC 8037 §2
    elif isinstance(key, MLDSA44PublicKey):
        # draft-ietf-cose-dilithium §3: the algorithm belongs to the key, and to its thumbprint
        members = {"alg": "ML-DSA-44", "kty": "AKP", "pub": base64url(key.public_bytes_raw())}
    else:
        point = key.public_numbers()
        members = {
            "crv": "P-256",
            "kty": "EC",
            "x": base64url(point.x.to_bytes(_P256_COORDINATE_BYTES, "big")),
            "y": base64url(point.y.to_bytes(_P256_COORDINATE_BYTES, "big")),
        }
    return members | {"kid": _thumbprint(members), "use": "sig", "alg": algorithm_of(key)}


def public_key(spki: bytes) -> PublicKey:
    """Return a public key from its DER form (RFC 5280 §4.1).  Raises KeyUnusable."""
    try:
        key = load_der_public_key(spki)
    except ValueError:
        raise KeyUnusable("this is no public key in DER") from None
    if not isinstance(key, EllipticCurvePublicKey | RSAPublicKey | Ed25519PublicKey | MLDSA44PublicKey):
        raise KeyUnusable("this is a public key of a kind that nothing is signed with")
    return key


def kid_of(spki: bytes) -> str:
    """Return the `kid` that a public key is published under.  Raises KeyUnusable."""
    return public_jwk(public_key(spki))["kid"]


def published(keys: Sequence[PublicKey], algorithms: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the JWKS of some keys, each once, in their order: the first one signs, or is to be sealed to.

    Args:
        keys: the public keys.
        algorithms: by `kid`, where a key has another algorithm than `algorithm_of` says: an RSA key of `RS256`, or
            one to which others seal content keys (`RSA-OAEP-256`, RFC 7518 Â§4.3).
    """
    by_kid = {jwk["kid"]: jwk for jwk in map(public_jwk, keys)}
    for kid, algorithm in (algorithms or {}).items():
        by_kid[kid] |= {"alg": algorithm, "use": "enc" if algorithm == SEALED_TO else "sig"}
    return {"keys": list(by_kid.values())}


def signing_input(claims: Mapping[str, Any], *, typ: str, algorithm: str, kid: str) -> bytes:
    """Return the octets to sign: header and claims in base64url, joined by a dot.  RFC 7515 §5.1."""
    return frame_of(msgspec.json.encode(claims), typ=typ, algorithm=algorithm, kid=kid)


def frame_of(claims: bytes, *, typ: str, algorithm: str, kid: str) -> bytes:
    """Return the octets to sign for claims that are JSON already."""
    header = msgspec.json.encode({"alg": algorithm, "typ": typ, "kid": kid})
    return f"{base64url(header)}.{base64url(claims)}".encode("ascii")


def compact(signed: bytes, signature: bytes) -> str:
    """Return the compact serialisation of what was signed and its raw JWS signature."""
    return f"{signed.decode('ascii')}.{base64url(signature)}"


def _thumbprint(members: Mapping[str, str]) -> str:
    """Return the thumbprint of a key's required members: sorted, no white space.  RFC 7638 §3."""
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":")).encode("ascii")
    return base64url(hashlib.sha256(canonical).digest())
