"""Base64url as JOSE writes it: without padding, and one text only for each value.  RFC 7515 §2, RFC 4648 §3.5."""

import binascii
import string
from typing import Final

from ringfence.problem import Reason, Refused

_ALPHABET: Final = frozenset(string.ascii_letters + string.digits + "-_")
_TO_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")

SHA256_CHARACTERS: Final = 43
"""Of a SHA-256 in base64url: what `jkt`, `x5t#S256` and `ath` are."""


def encode_segment(data: bytes) -> str:
    """Return `data` in base64url without padding."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_URL).decode("ascii")


def decode_segment(text: str, reason: Reason) -> bytes:
    """Return what `text` encodes.

    Raises:
        Refused: with `reason`, unless `text` is exactly what `encode_segment` would write: no
            padding, no white space, no other alphabet, no stray bits in the last character.
    """
    try:
        raw = text.encode("ascii")
        data = binascii.a2b_base64(raw.translate(_TO_STANDARD) + b"==")
    except (UnicodeEncodeError, binascii.Error):
        raise Refused(reason, "a part of it is not base64url") from None
    if binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_URL) != raw:
        raise Refused(reason, "a part of it is not base64url without padding")
    return data


def is_sha256(value: object) -> bool:
    """Say whether a JSON value looks like a SHA-256 in base64url."""
    return isinstance(value, str) and len(value) == SHA256_CHARACTERS and _ALPHABET.issuperset(value)
