"""Seal small secrets before they are stored, each to what it belongs to, and mark what we gave out.  NIST SP 800-38D."""

import base64
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ringfence.ids import Random

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
"""NIST SP 800-38D §8.2.2: random ones are good for 2^32 seals under one key."""


class Unsealable(Exception):
    """It was sealed under another key or for another owner, or it has been changed."""


class Sealer:
    """AES-256-GCM under one key."""

    def __init__(self, key: bytes, random: Random) -> None:
        """Take a key of 32 bytes."""
        self._cipher = AESGCM(key)
        self._random = random
        self._marking_key = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"ringfence marks").derive(key)

    def seal(self, secret: bytes, owner: str) -> str:
        """Return the secret in a form that opens for this owner only."""
        nonce = self._random(NONCE_BYTES)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, secret, owner.encode())).decode("ascii")

    def unseal(self, sealed: str, owner: str) -> bytes:
        """Return the secret.  Raises Unsealable."""
        try:
            raw = base64.b64decode(sealed, validate=True)
            return self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], owner.encode())
        except (ValueError, InvalidTag):
            raise Unsealable from None

    def mark(self, text: bytes) -> bytes:
        """Return 32 bytes by which we know a text again that we gave out: HMAC-SHA-256 under a key derived from ours."""
        made = HMAC(self._marking_key, SHA256())
        made.update(text)
        return made.finalize()
