"""Keys that a partner's payloads are sealed to and opened with: RSA, never one pair for both ways.  RFC 8017 §7.1; RFC 7516 §11.5."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ringfence.ids import Random

LEAST_BITS: Final = 2048
"""Of a modulus.  NIST SP 800-131A."""

Digest = Literal["SHA256", "SHA512"]
_DIGESTS: Final = {"SHA256": SHA256, "SHA512": SHA512}


class NotOpened(Exception):
    """A payload could not be opened. Callers are told this and nothing else; `private` is for our own log."""

    def __init__(self, private: str) -> None:
        """Take what was wrong, without any of the content."""
        super().__init__("the payload could not be opened")
        self.private = private


def fingerprint(key: RSAPublicKey) -> str:
    """Return SHA-256 of the key's SubjectPublicKeyInfo, in hex: the `kid` that Mastercard uses."""
    return hashlib.sha256(_spki(key)).hexdigest()


def _spki(key: RSAPublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True, slots=True)
class PartnerKeys:
    """What we seal to (theirs) and what we open with (ours), each by its `kid`."""

    seal_kid: str
    seal: RSAPublicKey
    opens: Mapping[str, RSAPrivateKey]

    def __post_init__(self) -> None:
        """Refuse short keys, and one pair for both ways.  Raises ValueError."""
        ours = {_spki(key.public_key()) for key in self.opens.values()}
        if _spki(self.seal) in ours:
            raise ValueError("requests and answers need key pairs of their own")
        if min(self.seal.key_size, *(key.key_size for key in self.opens.values()), LEAST_BITS) < LEAST_BITS:
            raise ValueError(f"a key of fewer than {LEAST_BITS} bits")


def wrap(key: RSAPublicKey, secret: bytes, digest: Digest = "SHA256") -> bytes:
    """Return a content key encrypted by RSA-OAEP, with one hash for both of its uses."""
    return key.encrypt(secret, _oaep(digest))


def unwrap(key: RSAPrivateKey, wrapped: bytes, size: int, random: Random, digest: Digest = "SHA256") -> bytes:
    """Return the content key, or random bytes in its place: what fails, fails at the tag.  RFC 7516 §11.5.

    Args:
        key: ours.
        wrapped: what was sent; its length is public.
        size: bytes of the content key.
        random: where the other key comes from; it is drawn either way.
        digest: of OAEP.
    """
    instead = random(size)
    try:
        secret = key.decrypt(wrapped, _oaep(digest))
    except ValueError:
        return instead
    return secret if len(secret) == size else instead


def _oaep(digest: Digest) -> OAEP:
    made = _DIGESTS[digest]
    return OAEP(MGF1(made()), made(), None)
