"""What is said over the signer's sockets: length, number, one msgpack struct; requests and replies by their tag.

A frame is eight bytes (length of what follows them, and the number by which the reply is known; both big-endian)
and one struct. Nothing longer than `MAX_FRAME` is read. Both sides refuse what they do not know.
"""

import struct
from typing import Any, Final, Literal

import msgspec

HEADER: Final = struct.Struct(">II")

MAX_FRAME: Final = 1 << 20
"""Bytes of one struct. A token has about 2,000; a listing of a thousand keys 600,000."""


class Frozen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """The form of everything here."""


class Context(Frozen, frozen=True):
    """What a data key protects. It is bound to it: under another context it does not open."""

    tenant: str = ""
    field: str = ""
    """What is protected, for example `/Data/Initiation/CreditorAccount` or `user.totp`."""
    subject: str = ""
    """The person whose data it is, where shredding the key is to shred theirs."""


class Sign(Frozen, frozen=True, tag="sign"):
    """A raw signature over bytes, by the active key of a purpose.  Answered by `Signed`."""

    purpose: str
    data: bytes
    kid: str = ""
    """Only by this key; empty: by the one that is active."""


class SignToken(Frozen, frozen=True, tag="sign-token"):
    """A compact JWS (RFC 7515 §7.1) over claims; the signer writes the header.  Answered by `Token`."""

    purpose: str
    typ: str
    claims: bytes
    """A JSON object."""


class Mac(Frozen, frozen=True, tag="mac"):
    """HMAC-SHA256 over bytes.  Answered by `Signed`, whose algorithm is `HS256`."""

    purpose: str
    data: bytes
    kid: str = ""


class Generate(Frozen, frozen=True, tag="generate"):
    """A new data key of 32 bytes, kept wrapped by the signer.  Answered by `DataKey`."""

    purpose: str
    context: Context


class Wrap(Frozen, frozen=True, tag="wrap"):
    """Keep a secret of the caller's as a data key.  Answered by `DataKey`."""

    purpose: str
    secret: bytes
    context: Context


class Unwrap(Frozen, frozen=True, tag="unwrap"):
    """The data key of that id, for the context that it was made for.  Answered by `DataKey`."""

    data_key: str
    context: Context


class OpenKey(Frozen, frozen=True, tag="open-key"):
    """The content key of a JWE that was sealed to one of our public keys (RFC 7518 §4.3).  Answered by `ContentKey`."""

    purpose: str
    kid: str
    wrapped: bytes
    """The JWE Encrypted Key."""
    size: int
    """Bytes of the content key."""


class Forget(Frozen, frozen=True, tag="forget"):
    """Destroy a data key: what it protects is lost for good.  Answered by `Done`."""

    data_key: str


class Public(Frozen, frozen=True, tag="public"):
    """The keys that verify what a purpose signs, the active one first.  Answered by `PublicKeys`."""

    purpose: str


class Manage(Frozen, frozen=True, tag="manage"):
    """Something that an operator asks of the keys: see `keys.management`.  Answered by `Done`."""

    action: str
    key: str = ""
    """A key's id, its `kid`, or the name of a purpose."""
    by: str = ""
    """Who asked, as the management API knows it."""
    why: str = ""
    data: bytes = b""
    """What an import brings, wrapped."""


Request = Sign | SignToken | Mac | Generate | Wrap | Unwrap | OpenKey | Forget | Public | Manage


class Signed(Frozen, frozen=True, tag="signed"):
    """A signature: for `ES256` r and s of 32 bytes each, for `PS256` and `EdDSA` as RFC 7518 and RFC 8037 have it."""

    kid: str
    algorithm: str
    signature: bytes


class Token(Frozen, frozen=True, tag="token"):
    """A compact JWS."""

    text: str


class DataKey(Frozen, frozen=True, tag="data-key"):
    """A data key in the clear: hold it as short as can be, and never write it."""

    data_key: str
    secret: bytes
    kek: str = ""
    """The key that wraps it now."""
    retire: bool = False
    """A key that wrapped it was compromised since: it opens what it protected, and is to protect nothing more."""

    def __repr__(self) -> str:
        """Return it without the secret."""
        return f"DataKey({self.data_key!r})"


class ContentKey(Frozen, frozen=True, tag="content-key"):
    """A content key, or random bytes in the place of one that does not open: nothing tells the two apart (RFC 7516 §11.5)."""

    secret: bytes

    def __repr__(self) -> str:
        """Return it without the secret."""
        return "ContentKey()"


class PublicKey(Frozen, frozen=True):
    """A public key and what it is good for."""

    kid: str
    algorithm: str
    state: str
    """Of NIST SP 800-57, as `keys.states` has them."""
    spki: bytes
    """DER (RFC 5280 §4.1)."""


class PublicKeys(Frozen, frozen=True, tag="public-keys"):
    """Public keys, the one that signs first."""

    keys: tuple[PublicKey, ...]


class Done(Frozen, frozen=True, tag="done"):
    """It is done; the document depends on what was asked."""

    document: Any = None


RefusalKind = Literal[
    "malformed", "not-allowed", "unknown", "shredded", "state", "exhausted", "unavailable", "failed", "approval"
]


class Refusal(Frozen, frozen=True, tag="refusal"):
    """It was not done, and why: a sentence without key material."""

    kind: RefusalKind
    message: str


Reply = Signed | Token | DataKey | ContentKey | PublicKeys | Done | Refusal


class SignerRefused(Exception):
    """The signer answered and said no."""

    def __init__(self, kind: RefusalKind, message: str) -> None:
        """Take the kind and the sentence of the refusal."""
        super().__init__(message)
        self.kind = kind


class BadFrame(Exception):
    """What arrived is no frame of ours; the connection cannot go on."""


_encoder = msgspec.msgpack.Encoder()
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def frame(number: int, message: Request | Reply) -> bytes:
    """Return a message as it is sent.  Raises BadFrame if it is too long."""
    body = _encoder.encode(message)
    if len(body) > MAX_FRAME:
        raise BadFrame(f"a message of {len(body)} bytes")
    return HEADER.pack(len(body), number) + body


def read_request(body: bytes) -> Request:
    """Return the request.  Raises msgspec.ValidationError or msgspec.DecodeError."""
    return _requests.decode(body)


def read_reply(body: bytes) -> Reply:
    """Return the reply.  Raises msgspec.ValidationError or msgspec.DecodeError."""
    return _replies.decode(body)


class Frames:
    """Cut what arrives into frames."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        """Begin with nothing."""
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the frames that are whole now: number and struct.  Raises BadFrame."""
        buffer = self._buffer
        buffer += data
        found: list[tuple[int, bytes]] = []
        at = 0
        while len(buffer) - at >= HEADER.size:
            length, number = HEADER.unpack_from(buffer, at)
            if length > MAX_FRAME:
                raise BadFrame(f"a frame of {length} bytes")
            start = at + HEADER.size
            if len(buffer) - start < length:
                break
            found.append((number, bytes(buffer[start : start + length])))
            at = start + length
        del buffer[:at]
        return found
