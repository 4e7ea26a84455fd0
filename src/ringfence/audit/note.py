"""Signed notes, checkpoints, cosignatures: how a tree's size and root are vouched for.  C2SP signed-note; C2SP tlog-checkpoint; C2SP tlog-cosignature."""

import base64
import binascii
import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from ringfence.audit.merkle import HASH_BYTES

ED25519: Final = 1
"""A log's own signature over the note."""
COSIGNATURE: Final = 4
"""A witness's Ed25519 signature with the time at which it saw the tree."""
ML_DSA_44: Final = 6
"""The same by ML-DSA-44 (FIPS 204), for witnesses and for the log itself."""

PUBLIC_BYTES: Final = {ED25519: 32, COSIGNATURE: 32, ML_DSA_44: 1312}
_SIGNATURE_BYTES: Final = {ED25519: 64, COSIGNATURE: 8 + 64, ML_DSA_44: 8 + 2420}

_NAME: Final = re.compile(r"[^\s+]{1,255}")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_BODY_LINES: Final = 3
_KEY_ID_BYTES: Final = 4
_PARTS: Final = 3
LONGEST_NAME: Final = 255
"""Bytes of an origin: ML-DSA cosignatures count it in one byte."""
LONGEST: Final = 1 << 16
"""Bytes of a note that is read at all: a checkpoint with eight ML-DSA cosignatures takes 27 KB."""


class NoteInvalid(Exception):
    """A note, a key or a signature is not what it must be."""


class NoteKey(msgspec.Struct, frozen=True):
    """A public key with its name and kind, written `name+id+key`."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell the keys of one name apart."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:_KEY_ID_BYTES]

    def __str__(self) -> str:
        """Return the key as it is handed out."""
        return f"{self.name}+{self.key_id.hex()}+{encoded(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> "NoteKey":
        """Read a key.  Raises NoteInvalid."""
        parts = text.strip().split("+", 2)
        if len(parts) != _PARTS or not _NAME.fullmatch(parts[0]):
            raise NoteInvalid(f"not a key of the form name+id+key: {text[:80]!r}")
        raw = decoded(parts[2])
        key = cls(parts[0], raw[0] if raw else 0, raw[1:])
        if PUBLIC_BYTES.get(key.kind) != len(key.public):
            raise NoteInvalid(f"the key {parts[0]} is of a kind or size that is not taken")
        if key.key_id.hex() != parts[1]:
            raise NoteInvalid(f"the key {parts[0]} does not fit its id")
        return key


class Checkpoint(msgspec.Struct, frozen=True):
    """A log's promise: so many entries, this root."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{encoded(self.root)}\n"

    @classmethod
    def parse(cls, body: str) -> "Checkpoint":
        """Read a checkpoint without extension lines: we write none, and would not know what they say.  Raises NoteInvalid."""
        lines = body.split("\n")
        if len(lines) != _BODY_LINES + 1 or lines[3]:
            raise NoteInvalid("a checkpoint has three lines: origin, size, root")
        root = decoded(lines[2])
        if not 0 < len(lines[0].encode()) <= LONGEST_NAME or not _SIZE.fullmatch(lines[1]) or len(root) != HASH_BYTES:
            raise NoteInvalid("the checkpoint's origin, size or root is malformed")
        return cls(lines[0], int(lines[1]), root)


class Signature(msgspec.Struct, frozen=True):
    """One signature line of a note."""

    name: str
    key_id: bytes
    blob: bytes
    """For timestamped kinds eight bytes of seconds since 1970, then the signature."""

    def line(self) -> str:
        """Return the line, line feed included."""
        return f"— {self.name} {encoded(self.key_id + self.blob)}\n"

    @classmethod
    def parse(cls, line: str) -> "Signature":
        """Read a line without its line feed.  Raises NoteInvalid."""
        parts = line.split(" ")
        if len(parts) != _PARTS or parts[0] != "—" or not _NAME.fullmatch(parts[1]):
            raise NoteInvalid("a signature line is malformed")
        raw = decoded(parts[2])
        if len(raw) <= _KEY_ID_BYTES:
            raise NoteInvalid("a signature line is too short")
        return cls(parts[1], raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES:])


class Note(msgspec.Struct, frozen=True):
    """A checkpoint with the signatures that vouch for it; none has been verified."""

    checkpoint: Checkpoint
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        """Return the note as it is kept and sent."""
        return self.checkpoint.body() + "\n" + "".join(s.line() for s in self.signatures)

    @classmethod
    def parse(cls, data: bytes) -> "Note":
        """Read a note.  Raises NoteInvalid."""
        if len(data) > LONGEST:
            raise NoteInvalid("the note is too long")
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise NoteInvalid("the note is not UTF-8") from None
        body, blank, signatures = text.rpartition("\n\n")
        if not blank or not signatures.endswith("\n"):
            raise NoteInvalid("a note is a text, an empty line, and signature lines")
        return cls(Checkpoint.parse(body + "\n"), signature_lines(signatures))

    def vouched(self, key: NoteKey) -> int:
        """Return when the holder of `key` signed this, in seconds since 1970; 0 where the kind has no time.

        Raises:
            NoteInvalid: there is no signature by that key, or it does not verify.
        """
        found = [s for s in self.signatures if s.name == key.name and s.key_id == key.key_id]
        if not found:
            raise NoteInvalid(f"no signature by {key.name}")
        return check_signature(self.checkpoint, found[0], key)


def signature_lines(text: str) -> tuple[Signature, ...]:
    """Read signature lines, each with its line feed.  Raises NoteInvalid."""
    return tuple(Signature.parse(line) for line in text.removesuffix("\n").split("\n"))


def message(key: NoteKey, checkpoint: Checkpoint, at: int) -> bytes:
    """Return what a key signs, `at` that time in seconds since 1970."""
    if key.kind == ED25519:
        return checkpoint.body().encode()
    if key.kind == COSIGNATURE:
        return f"cosignature/v1\ntime {at}\n{checkpoint.body()}".encode()
    name, origin = key.name.encode(), checkpoint.origin.encode()
    return b"".join(
        (
            b"subtree/v1\n\0",
            bytes([len(name)]) + name,
            at.to_bytes(8, "big"),
            bytes([len(origin)]) + origin,
            bytes(8) + checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def signed(key: NoteKey, at: int, raw: bytes) -> Signature:
    """Return the signature line for a raw signature over `message(key, …, at)`."""
    return Signature(key.name, key.key_id, raw if key.kind == ED25519 else at.to_bytes(8, "big") + raw)


def check_signature(checkpoint: Checkpoint, signature: Signature, key: NoteKey) -> int:
    """Return the time of a signature that verifies, 0 where its kind has none.  Raises NoteInvalid."""
    blob = signature.blob
    if (signature.name, signature.key_id) != (key.name, key.key_id) or len(blob) != _SIGNATURE_BYTES[key.kind]:
        raise NoteInvalid(f"not a signature by {key.name}")
    at, raw = (0, blob) if key.kind == ED25519 else (int.from_bytes(blob[:8], "big"), blob[8:])
    try:
        if key.kind == ML_DSA_44:
            MLDSA44PublicKey.from_public_bytes(key.public).verify(raw, message(key, checkpoint, at))
        else:
            Ed25519PublicKey.from_public_bytes(key.public).verify(raw, message(key, checkpoint, at))
    except (InvalidSignature, ValueError, OverflowError):
        raise NoteInvalid(f"the signature by {key.name} does not verify") from None
    return at


def vouchers(note: Note, keys: Iterable[NoteKey]) -> dict[NoteKey, int]:
    """Return which of these keys vouch for a note, and when; what does not verify is left out."""
    found = {}
    for key in keys:
        try:
            found[key] = note.vouched(key)
        except NoteInvalid:
            continue
    return found


def encoded(data: bytes) -> str:
    """Return base64 with padding.  RFC 4648 §4."""
    return base64.b64encode(data).decode("ascii")


def decoded(text: str) -> bytes:
    """Read base64 in its one form.  Raises NoteInvalid."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteInvalid("malformed base64") from None
    if encoded(data) != text:
        raise NoteInvalid("base64 that is not in its one form")
    return data
