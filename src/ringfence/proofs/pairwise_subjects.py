"""Give each sector of clients its own `sub` for a customer, which only we can lead back.  OpenID Connect Core §8.1; RFC 5297 §2.6.

The customer's id and the sector, encrypted deterministically (AES-SIV): the same pair always gives the same
subject, two sectors' subjects have nothing in common, and the gateway, which holds the key too, still knows
which customer a token acts for.
"""

import base64
import hashlib
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from ringfence.problem import Reason, Refused
from ringfence.proofs.segments import decode_segment

KEY_BYTES: Final = 64
"""AES-256 twice, as SIV has it."""

PREFIX: Final = "pairwise1."
"""Marks a subject that has to be led back; no customer's id begins with it. The number is the key's form."""

_PURPOSE: Final = b"ringfence pairwise subject 1"
_SECTOR_BYTES: Final = 16

UserOf = Callable[[str], str]
"""Returns the customer's id that a subject stands for.  Raises Refused TOKEN_MALFORMED."""


class PairwiseSubjects:
    """Subjects under one key; with another key all of them are others."""

    def __init__(self, key: bytes) -> None:
        """Take a key of 64 bytes."""
        self._cipher = AESSIV(key)

    def subject(self, user_id: str, sector: str) -> str:
        """Return the `sub` of a customer for a sector: at most 255 characters (OpenID Connect Core §2)."""
        plain = hashlib.sha256(sector.encode()).digest()[:_SECTOR_BYTES] + user_id.encode()
        sealed = self._cipher.encrypt(plain, [_PURPOSE])
        return PREFIX + base64.urlsafe_b64encode(sealed).decode("ascii").rstrip("=")

    def user_of(self, subject: str) -> str:
        """Return the customer's id that a subject stands for; a public subject is the id.

        Raises:
            Refused: TOKEN_MALFORMED for a pairwise subject that was not made with this key.
        """
        if not subject.startswith(PREFIX):
            return subject
        sealed = decode_segment(subject.removeprefix(PREFIX), Reason.TOKEN_MALFORMED)
        try:
            plain = self._cipher.decrypt(sealed, [_PURPOSE])
        except (InvalidTag, ValueError):
            raise Refused(Reason.TOKEN_MALFORMED, "its sub is not one of this server's") from None
        return plain[_SECTOR_BYTES:].decode()


def public_only(subject: str) -> str:
    """Return a public subject, which is the customer's id; for who has no key.  Raises Refused TOKEN_MALFORMED."""
    if subject.startswith(PREFIX):
        raise Refused(Reason.TOKEN_MALFORMED, "its sub cannot be led back here")
    return subject


class PublicSubjects:
    """Subjects of a server without a key: every one is public."""

    def subject(self, user_id: str, sector: str) -> str:
        """Make none.  Raises Refused INTERNAL."""
        raise Refused(Reason.INTERNAL, private=f"no key for the pairwise subject of {user_id} for {sector}")

    def user_of(self, subject: str) -> str:
        """Return a public subject.  Raises Refused TOKEN_MALFORMED for a pairwise one."""
        return public_only(subject)
