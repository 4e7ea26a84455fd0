"""Wrap by ML-KEM-768 and X25519 together: what wraps opens only by both.  draft-ietf-hpke-pq; RFC 9180 §6.1; FIPS 203 §7.

The library's HPKE does all of it: the KEM MLKEM768-X25519 (0x647a, the combiner of X-Wing: SHA3-256 over both shared
secrets, the ciphertext and public key of X25519, and a label; ML-KEM binds its own), HKDF-SHA256, AES-256-GCM.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite

from ringfence.ids import Random

SEED_BYTES: Final = 64
"""Of ML-KEM-768: d and z (FIPS 203 §7.1)."""

SCALAR_BYTES: Final = 32
"""Of X25519 (RFC 7748 §5)."""

SECRET_BYTES: Final = SEED_BYTES + SCALAR_BYTES

ENCAPSULATED_BYTES: Final = 1120
"""The ciphertext of ML-KEM-768 (1,088), then the passing public key of X25519 (32)."""

LABEL: Final = b"ringfence hybrid wrap 1"

_SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class DoesNotOpen(Exception):
    """It was wrapped for another key or context, or has been changed."""


class HybridKey:
    """A pair of both kinds, from the 96 bytes that are kept."""

    def __init__(self, secret: bytes) -> None:
        """Take seed and scalar.  Raises ValueError for another length."""
        if len(secret) != SECRET_BYTES:
            raise ValueError("a hybrid key has 96 bytes")
        self._private = MLKEM768X25519PrivateKey(
            MLKEM768PrivateKey.from_seed_bytes(secret[:SEED_BYTES]),
            X25519PrivateKey.from_private_bytes(secret[SEED_BYTES:]),
        )
        self._public = self._private.public_key()

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        """Return what both KEMs encapsulated (1,120 bytes) and the sealed secret (16 bytes longer than it is)."""
        return _SUITE.encrypt(secret, self._public, LABEL + context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Return the secret.  Raises DoesNotOpen, whichever part is wrong."""
        try:
            return _SUITE.decrypt(wrapped, self._private, LABEL + context)
        except (InvalidTag, ValueError):
            raise DoesNotOpen from None


def new_secret(random: Random) -> bytes:
    """Return the secret of a new pair: seed, then scalar."""
    return random(SECRET_BYTES)
