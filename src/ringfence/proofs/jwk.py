"""Public keys and their thumbprints.  RFC 7517 §4; RFC 7638."""

from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

Algorithm = Literal["ES256", "PS256", "EdDSA"]


class VerificationKey(msgspec.Struct, frozen=True, gc=False):
    """A public key that has been parsed, with the one algorithm it is used with."""

    kid: str
    algorithm: Algorithm
    thumbprint: str
    """RFC 7638 SHA-256 thumbprint in base64url: `jkt`."""
    key: EllipticCurvePublicKey | RSAPublicKey | Ed25519PublicKey
