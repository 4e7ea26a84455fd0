"""Keys in the signer's own ledger, each sealed by the root key; unsealed once, they stay in memory.  NIST SP 800-38D; RFC 3394.

The provider `local`. The hierarchy is passphrase → root key → this key → data keys.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from ringfence.ids import Random
from ringfence.keys.backend import BackendFailed
from ringfence.keys.providers.hybrid import DoesNotOpen, HybridKey, new_secret
from ringfence.keys.providers.local import RSA_BITS, rs256, signature
from ringfence.keys.purposes import PAIRS, Kind

NONCE_BYTES: Final = 12
_SECRET_BYTES: Final = 32
_OPENS: Final = f"{Kind.OAEP256.value}|".encode()
_OAEP: Final = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
_RS256: Final = b"RS256|"

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey


class SealedKeys:
    """The provider `local`; a handle is `kind|label|sealed key`."""

    name = "local"
    threads = 0

    def __init__(self, root: bytes, random: Random) -> None:
        """Take the root key of 32 bytes."""
        self._root = AESGCM(root)
        self._random = random
        self._known: dict[bytes, PrivateKey | bytes] = {}
        self._hybrid: dict[bytes, HybridKey] = {}

    def generate(self, kind: Kind, label: str) -> bytes:
        """Make a key; nothing of it is kept here, so a second call makes another one, and the first was never used."""
        return self.seal(_made(kind, self._random), kind, label)

    def adopt(self, secret: bytes, kind: Kind, label: str) -> bytes:
        """Seal a KEK that was made elsewhere."""
        if kind is not Kind.AES256 or len(secret) != _SECRET_BYTES:
            raise BackendFailed(f"only keys of {Kind.AES256.value} with 32 bytes are taken")
        return self.seal(secret, kind, label)

    def seal(self, key: PrivateKey | bytes, kind: Kind, label: str) -> bytes:
        """Return the handle of a key that is there already."""
        raw = key if isinstance(key, bytes) else key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        head = f"{kind.value}|{label}|".encode()
        nonce = self._random(NONCE_BYTES)
        handle = head + nonce + self._root.encrypt(nonce, raw, head)
        self._known[handle] = key
        return handle

    def public(self, handle: bytes) -> bytes:
        """Return the public key."""
        key = self._key(handle)
        if isinstance(key, bytes):
            return b""
        return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, handle: bytes, data: bytes) -> bytes:
        """Return the raw signature."""
        key = self._key(handle)
        if isinstance(key, bytes) or handle.startswith(_OPENS):
            raise BackendFailed("this key does not sign")
        if isinstance(key, rsa.RSAPrivateKey) and handle.startswith(_RS256):
            return rs256(key, data)
        return signature(key, data)

    def mac(self, handle: bytes, data: bytes) -> bytes:
        """Return HMAC-SHA256."""
        made = hmac.HMAC(self._secret(handle, Kind.HMAC256), hashes.SHA256())
        made.update(data)
        return made.finalize()

    def wrap(self, handle: bytes, secret: bytes, context: bytes) -> bytes:
        """Return nonce and AES-256-GCM ciphertext, the context as associated data; or what `hybrid` makes."""
        if _is_hybrid(handle):
            return self._pair(handle).wrap(secret, context)
        nonce = self._random(NONCE_BYTES)
        return nonce + AESGCM(self._secret(handle, Kind.AES256)).encrypt(nonce, secret, context)

    def unwrap(self, handle: bytes, wrapped: bytes, context: bytes) -> bytes:
        """Return the secret."""
        try:
            if _is_hybrid(handle):
                return self._pair(handle).unwrap(wrapped, context)
            return AESGCM(self._secret(handle, Kind.AES256)).decrypt(
                wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context
            )
        except (InvalidTag, ValueError, DoesNotOpen):
            raise BackendFailed("it does not open") from None

    def decrypt(self, handle: bytes, wrapped: bytes) -> bytes:
        """Return what was encrypted to the public key."""
        key = self._key(handle)
        if not isinstance(key, rsa.RSAPrivateKey) or not handle.startswith(_OPENS):
            raise BackendFailed("this key opens nothing that is sealed to it")
        try:
            return key.decrypt(wrapped, _OAEP)
        except ValueError:
            raise BackendFailed("it does not open") from None

    def destroy(self, handle: bytes) -> None:
        """Forget a key; its sealed form stands in the ledger, which removes it."""
        self._known.pop(handle, None)
        self._hybrid.pop(handle, None)

    def close(self) -> None:
        """Forget all keys."""
        self._known.clear()
        self._hybrid.clear()

    def _secret(self, handle: bytes, kind: Kind) -> bytes:
        key = self._key(handle)
        if not isinstance(key, bytes) or not handle.startswith(kind.value.encode() + b"|"):
            raise BackendFailed(f"this is no key of {kind.value}")
        return key

    def _pair(self, handle: bytes) -> HybridKey:
        pair = self._hybrid.get(handle)
        if pair is None:
            pair = self._hybrid[handle] = HybridKey(self._secret(handle, Kind.HYBRID))
        return pair

    def _key(self, handle: bytes) -> PrivateKey | bytes:
        key = self._known.get(handle)
        if key is None:
            key = self._known[handle] = self._unsealed(handle)
        return key

    def _unsealed(self, handle: bytes) -> PrivateKey | bytes:
        try:
            kind, label, sealed = handle.split(b"|", 2)
            raw = self._root.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], kind + b"|" + label + b"|")
        except (ValueError, InvalidTag):
            raise BackendFailed("the key is gone, or was sealed by another root key") from None
        if Kind(kind.decode()) not in PAIRS:
            return raw
        key = load_der_private_key(raw, None)
        assert isinstance(key, PrivateKey)
        return key


def _is_hybrid(handle: bytes) -> bool:
    return handle.startswith(Kind.HYBRID.value.encode() + b"|")


def _made(kind: Kind, random: Random) -> PrivateKey | bytes:
    match kind:
        case Kind.ES256:
            return ec.generate_private_key(ec.SECP256R1())
        case Kind.PS256 | Kind.RS256 | Kind.OAEP256:
            return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        case Kind.EDDSA:
            return ed25519.Ed25519PrivateKey.generate()
        case Kind.ML_DSA_44:
            return mldsa.MLDSA44PrivateKey.generate()
        case Kind.AES256 | Kind.HMAC256:
            return random(_SECRET_BYTES)
        case Kind.HYBRID:
            return new_secret(random)
