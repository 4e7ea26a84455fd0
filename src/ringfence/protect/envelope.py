"""A protected value as text: `v|alg|kek|dek|version|iv|ct|tag` in base64url.  NIST SP 800-38D; RFC 5297 §2.6; RFC 4648 §5.

Everything before the ciphertext is authenticated with what the value is bound to, so nothing of it can be another's.
The id of a KEK names one version of it, so it needs no number beside it; in a deterministic envelope it is empty,
because equal values have to stay equal when the KEK is replaced. One value has one text: no other spelling opens.
"""

import base64
import binascii
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV

PREFIX: Final = "rf1."

GCM: Final = 1
"""AES-256-GCM, random nonce."""
SIV: Final = 2
"""AES-256-SIV, no nonce: equal values under equal names are equal."""

IV_BYTES: Final = 12
TAG_BYTES: Final = 16
_FORM: Final = 1
_VERSION_BYTES: Final = 4
_LEAST: Final = 1 + 1 + 1 + 1 + _VERSION_BYTES + TAG_BYTES


class Unopenable(Exception):
    """It does not open here. Why is nobody's business: one error for whatever is wrong."""


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """An envelope, taken apart."""

    algorithm: int
    data_key: str
    version: int
    head: bytes
    """All before the nonce, as it came."""
    rest: bytes
    """Nonce, where there is one, ciphertext and tag."""


def head_of(algorithm: int, kek: str, data_key: str, version: int) -> bytes:
    """Return the beginning of an envelope under a key; the same for all values under it."""
    names = [name.encode("ascii") for name in (kek if algorithm == GCM else "", data_key)]
    parts = [bytes([_FORM, algorithm]), *(bytes([len(name)]) + name for name in names)]
    return b"".join(parts) + version.to_bytes(_VERSION_BYTES, "big")


def seal(head: bytes, cipher: AESGCM, iv: bytes, value: bytes, binding: bytes) -> str:
    """Return a value in an envelope, with a nonce that is used once.

    Args:
        head: of `head_of` with `GCM`.
        cipher: the data key.
        iv: 12 random bytes.
        value: anything.
        binding: what it belongs to; it opens for the same only.
    """
    return _text(head + iv + cipher.encrypt(iv, value, binding + head))


def seal_equal(head: bytes, cipher: AESSIV, value: bytes, binding: bytes) -> str:
    """Return a value in an envelope that equal values have alike.  RFC 5297 §2.6."""
    return _text(head + cipher.encrypt(value, [binding + head]))


def read(text: str) -> Sealed | None:
    """Return an envelope taken apart, or None if the text is none."""
    if not text.startswith(PREFIX):
        return None
    body = text[len(PREFIX) :]
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), b"-_", validate=True)
        if _text(raw) != text or len(raw) < _LEAST or raw[0] != _FORM or raw[1] not in (GCM, SIV):
            return None
        at, names = 2, []
        for _ in range(2):
            end = at + 1 + raw[at]
            names.append(raw[at + 1 : end].decode("ascii"))
            at = end
    except (binascii.Error, ValueError, IndexError):
        return None
    end = at + _VERSION_BYTES
    least = TAG_BYTES + (IV_BYTES if raw[1] == GCM else 0)
    if len(raw) < end + least:
        return None
    return Sealed(raw[1], names[1], int.from_bytes(raw[at:end], "big"), raw[:end], raw[end:])


def open_random(sealed: Sealed, cipher: AESGCM, binding: bytes) -> bytes:
    """Return the value of a `GCM` envelope.  Raises Unopenable."""
    try:
        return cipher.decrypt(sealed.rest[:IV_BYTES], sealed.rest[IV_BYTES:], binding + sealed.head)
    except InvalidTag:
        raise Unopenable from None


def open_equal(sealed: Sealed, cipher: AESSIV, binding: bytes) -> bytes:
    """Return the value of a `SIV` envelope.  Raises Unopenable."""
    try:
        return cipher.decrypt(sealed.rest, [binding + sealed.head])
    except InvalidTag:
        raise Unopenable from None


def _text(raw: bytes) -> str:
    return PREFIX + base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
