"""Mastercard's older field encryption, which nothing authenticates: AES-128-CBC under RSA-OAEP.  RFC 8017 §7.1; RFC 5652 §6.3.

Its only name is `legacy-unauthenticated`. It is refused unless something else binds the body to its sender: mutual TLS or
a signature over the body. Every failure is one error, and comes after the same work, so that it tells nothing of the padding.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from ringfence.ids import Random
from ringfence.protect.partner_bodies import NoSuchPlace, at, content_of_json, copied, put, taken
from ringfence.protect.partner_keys import Digest, NotOpened, fingerprint, unwrap, wrap

NAME: Final = "legacy-unauthenticated"
MOST_CHARACTERS: Final = 4 << 20
"""Of a ciphertext as text."""

_KEY: Final = 16
_BLOCK: Final = 16

Bound = Literal["mtls", "signed"]
"""What ties a body to its sender, as nothing in the format does."""


class Unbound(ValueError):
    """Nothing authenticates the body: the format is not used."""


class Names(msgspec.Struct, frozen=True):
    """Members in the body, or headers, that carry what belongs to a ciphertext; an empty name: it is not sent."""

    value: str = "encryptedData"
    iv: str = "iv"
    key: str = "encryptedKey"
    certificate_fingerprint: str = ""
    key_fingerprint: str = ""
    digest: str = "oaepHashingAlgorithm"


HEADERS: Final = Names(
    iv="x-iv",
    key="x-encrypted-key",
    certificate_fingerprint="x-encryption-certificate-fingerprint",
    key_fingerprint="x-encryption-key-fingerprint",
    digest="x-oaep-hashing-algorithm",
)
"""As Mastercard's examples name them in `useHttpHeaders` mode, where all paths share one key and IV."""


@dataclass(frozen=True, slots=True)
class Legacy:
    """How one partner uses the format."""

    bound: Bound | None
    names: Names = Names()  # noqa: RUF009 - frozen
    digest: Digest = "SHA256"
    encoding: Literal["hex", "base64"] = "hex"
    in_headers: bool = False
    certificate: bytes = b""
    """DER of the certificate that is sealed to, where its fingerprint is sent."""

    def __post_init__(self) -> None:
        """Refuse to be used where nothing authenticates the body.  Raises Unbound."""
        if self.bound not in ("mtls", "signed"):
            raise Unbound(f"{NAME} needs mutual TLS or a signature over the body")


def seal_legacy(
    body: dict[str, Any], paths: Mapping[str, str], legacy: Legacy, key: RSAPublicKey, random: Random
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the body with each path sealed at its target, and the headers that go with it.

    Keys and IVs are one for each path in the body, one for all paths where headers carry them: so the format has it.
    """
    result, names = copied(body), legacy.names
    headers: dict[str, str] = {}
    secret, iv = random(_KEY), random(_BLOCK)
    for path, target in paths.items():
        found, value = taken(result, path)
        if not found:
            continue
        if not legacy.in_headers:
            secret, iv = random(_KEY), random(_BLOCK)
        content = value.encode() if isinstance(value, str) else msgspec.json.encode(value)
        padder = PKCS7(_BLOCK * 8).padder()
        encryptor = Cipher(AES(secret), CBC(iv)).encryptor()
        node = at(result, target)
        node[names.value] = _text(encryptor.update(padder.update(content) + padder.finalize()), legacy)
        told = _told(secret, iv, legacy, key)
        (headers if legacy.in_headers else node).update(told)
    return result, headers


def open_legacy(
    body: dict[str, Any],
    headers: Mapping[str, str],
    paths: Mapping[str, str],
    legacy: Legacy,
    key: RSAPrivateKey,
    random: Random,
) -> dict[str, Any]:
    """Return the body with what is sealed at each path put, in the clear, at its target.  Raises NotOpened, always the same."""
    result, names = copied(body), legacy.names
    for path, target in paths.items():
        try:
            node = at(result, path, make=False)
        except NoSuchPlace:
            raise NotOpened("nothing is sealed where it should be") from None
        told: dict[str, Any] = {
            name: headers.get(name) if legacy.in_headers else node.pop(name, None)
            for name in (names.iv, names.key, names.digest, names.certificate_fingerprint, names.key_fingerprint)
            if name
        }
        value = _opened(node.pop(names.value, None), told, legacy, key, random)
        if not node and path != "$":
            taken(result, path)
        put(result, target, value)
    return result


def _told(secret: bytes, iv: bytes, legacy: Legacy, key: RSAPublicKey) -> dict[str, str]:
    names = legacy.names
    told = {
        names.key: _text(wrap(key, secret, legacy.digest), legacy),
        names.iv: _text(iv, legacy),
        names.digest: legacy.digest,
        names.certificate_fingerprint: hashlib.sha256(legacy.certificate).hexdigest(),
        names.key_fingerprint: fingerprint(key),
    }
    return {name: value for name, value in told.items() if name}


def _opened(value: Any, told: dict[str, Any], legacy: Legacy, key: RSAPrivateKey, random: Random) -> Any:
    names = legacy.names
    named = told.get(names.digest)
    if named is not None and (not isinstance(named, str) or named.replace("-", "").upper() != legacy.digest):
        raise NotOpened("another hash")
    ours = told.get(names.key_fingerprint) if names.key_fingerprint else None
    if ours is not None and ours != fingerprint(key.public_key()):
        raise NotOpened("a key that is not ours")
    content, iv, wrapped = (
        _bytes(value, legacy),
        _bytes(told.get(names.iv), legacy),
        _bytes(told.get(names.key), legacy),
    )
    if not content or len(content) % _BLOCK or len(iv) != _BLOCK or len(wrapped) != key.key_size // 8:
        raise NotOpened("parts of another length")
    decryptor = Cipher(AES(unwrap(key, wrapped, _KEY, random, legacy.digest)), CBC(iv)).decryptor()
    clear = decryptor.update(content)
    unpadder = PKCS7(_BLOCK * 8).unpadder()
    try:
        plain, padded = unpadder.update(clear) + unpadder.finalize(), True
    except ValueError:
        plain, padded = clear, False
    try:
        read = content_of_json(plain)  # read also where the padding was wrong: the work is the same
    except NotOpened:
        padded = False
        read = None
    if not padded:
        raise NotOpened("neither padding nor content fit")
    return read


def _text(data: bytes, legacy: Legacy) -> str:
    return data.hex() if legacy.encoding == "hex" else base64.b64encode(data).decode()


def _bytes(text: Any, legacy: Legacy) -> bytes:
    if not isinstance(text, str) or len(text) > MOST_CHARACTERS or not text.isascii():
        raise NotOpened("a part is missing, or too long")
    try:
        return binascii.unhexlify(text) if legacy.encoding == "hex" else base64.b64decode(text, validate=True)
    except binascii.Error:
        raise NotOpened("a part is not encoded as agreed") from None
