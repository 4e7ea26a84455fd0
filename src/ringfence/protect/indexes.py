"""A keyed hash of a value, cut short so that it also fits others.  RFC 2104; PCI DSS §3.5.1.1."""

import unicodedata
from typing import Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

BITS_OF_A_DIGIT = 4

Normalisation = Literal["text", "exact"]


def normal(value: str, how: Normalisation) -> str:
    """Return what a value is compared by; `text`: NFKC, case folded, without white space."""
    return "".join(unicodedata.normalize("NFKC", value).casefold().split()) if how == "text" else value


def index_of(value: str, how: Normalisation, key: bytes, bits: int) -> str:
    """Return the first bits of HMAC-SHA-256 in hex.

    Args:
        value: as it came.
        how: it is compared.
        key: of the field.
        bits: a multiple of 4, up to 256.
    """
    made = HMAC(key, SHA256())
    made.update(normal(value, how).encode())
    return made.finalize().hex()[: bits // BITS_OF_A_DIGIT]
