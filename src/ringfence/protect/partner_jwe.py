"""Seal a payload to a partner and open what a partner sealed: compact JWE, RSA-OAEP-256 and AES-GCM.  RFC 7516 §5, §7.1, §11.5.

The tag has 16 bytes and covers the header as it arrived, never as we would write it. An encrypted key that does not open
is replaced by a random one, so that every failure behind the header is the tag's. Nothing is unpacked (`zip`).
"""

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ringfence.clock import Instant
from ringfence.ids import Random
from ringfence.problem import Reason, Refused
from ringfence.proofs.segments import decode_segment, encode_segment
from ringfence.protect.partner_keys import NotOpened, PartnerKeys, unwrap, wrap
from ringfence.protect.partner_profiles import ALG, KEY_BYTES, Profile
from ringfence.strict_json import parse

MOST_CHARACTERS: Final = 4 << 20
"""Of a compact JWE: a body of three megabytes."""
MOST_HEADER: Final = 2048
"""Characters of the header's segment."""
_TAG: Final = 16
_IV: Final = 12
_PARTS: Final = 5
_NOT_OURS: Final = frozenset(
    {"crit", "zip", "b64", "jku", "jwk", "x5u", "x5c", "epk", "apu", "apv", "iv", "tag", "p2s", "p2c"}
)
"""Members that would change how a JWE is read or where its key comes from; none of these formats has one."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A JWE whose form was checked, and nothing else."""

    header: str
    """The segment as it arrived: what the tag covers."""
    enc: str
    kid: str
    key: bytes
    iv: bytes
    content: bytes
    """Ciphertext and tag."""
    says: dict[str, Any] = field(default_factory=dict)
    """The header's members."""


def seal(content: bytes, profile: Profile, keys: PartnerKeys, now: Instant, random: Random) -> str:
    """Return a compact JWE of `content` under a content key of its own."""
    header = encode_segment(msgspec.json.encode(profile.header(profile.seals, keys.seal_kid, now)))
    secret, iv = random(KEY_BYTES[profile.seals]), random(_IV)
    sealed = AESGCM(secret).encrypt(iv, content, header.encode())
    parts = wrap(keys.seal, secret), iv, sealed[:-_TAG], sealed[-_TAG:]
    return ".".join((header, *map(encode_segment, parts)))


def open_sealed(text: str, profile: Profile, keys: PartnerKeys, now: Instant, random: Random) -> bytes:
    """Return what a partner sealed to one of our keys.  Raises NotOpened."""
    sealed = read(text, profile, frozenset(keys.opens), now)
    private = keys.opens[sealed.kid]
    if len(sealed.key) != private.key_size // 8:
        raise NotOpened("the encrypted key has another length than our key")
    return content_of(sealed, unwrap(private, sealed.key, KEY_BYTES[sealed.enc], random))


def content_of(sealed: Sealed, secret: bytes) -> bytes:
    """Return the content under its key, which whoever holds the private key has unwrapped.  Raises NotOpened."""
    try:
        return AESGCM(secret).decrypt(sealed.iv, sealed.content, sealed.header.encode())
    except (InvalidTag, ValueError):
        raise NotOpened("the tag does not fit") from None


def read(text: str, profile: Profile, kids: frozenset[str], now: Instant) -> Sealed:
    """Return the parts of a compact JWE, with a header that the profile takes and a key that we have.  Raises NotOpened."""
    if len(text) > MOST_CHARACTERS:
        raise NotOpened("too long")
    parts = text.split(".", _PARTS)
    if len(parts) != _PARTS:
        raise NotOpened("not five parts")
    if len(parts[0]) > MOST_HEADER:
        raise NotOpened("the header is too long")
    try:
        header, key, iv, content, tag = (decode_segment(part, Reason.MALFORMED_REQUEST) for part in parts)
        members = parse(header, max_depth=2)
    except Refused as refused:
        raise NotOpened(f"a part cannot be read: {refused.reason.value}") from None
    if not isinstance(members, dict):
        raise NotOpened("the header is no object")
    enc, kid = _judged(members, profile, kids, now)
    if len(iv) not in profile.iv_bytes or len(tag) != _TAG:
        raise NotOpened(f"an IV of {len(iv)} bytes and a tag of {len(tag)}")
    return Sealed(parts[0], enc, kid, key, iv, content + tag, members)


def _judged(members: dict[str, Any], profile: Profile, kids: frozenset[str], now: Instant) -> tuple[str, str]:
    """Return `enc` and `kid`.  RFC 7516 §4.1.  Raises NotOpened."""
    enc, kid = members.get("enc"), members.get("kid")
    if not _NOT_OURS.isdisjoint(members):
        raise NotOpened("the header has a member that is not taken")
    if members.get("alg") != ALG or not isinstance(enc, str) or enc not in profile.opens:
        raise NotOpened("another algorithm")
    if not isinstance(kid, str) or kid not in kids:
        raise NotOpened("a key that is not ours")
    if profile.max_age and abs(now - _issued(members)) > profile.max_age:
        raise NotOpened("too old, or from the future")
    return enc, kid


def _issued(members: dict[str, Any]) -> float:
    """Return when a JWE was made; seconds where they are in range, milliseconds beyond, a number or its text."""
    at = members.get("iat")
    if isinstance(at, str) and at.isascii() and at.isdigit() and len(at) <= len("1764089064123"):
        at = int(at)
    if not isinstance(at, int) or isinstance(at, bool):
        raise NotOpened("no time of issue")
    return at / 1000 if at > 100_000_000_000 else float(at)  # noqa: PLR2004 - that many seconds are the year 5138
