"""A token-signing key in a PEM file that only its owner can read.  RFC 5958; RFC 7518 §3.4, §3.5."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ringfence.keys import ring
from ringfence.keys.ports import KeyUnusable

RSA_BITS: Final = 3072
"""Strength of 128 bits, as P-256 has.  NIST SP 800-57 part 1 §5.6.1."""

_SHA256_BYTES: Final = 32
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def create_signing_key(path: Path, algorithm: str) -> None:
    """Make a key for `ES256` or `PS256` and keep it in `path`: PKCS#8 PEM, mode 0600, whole or not at all.

    Raises:
        KeyUnusable: something is there already, the algorithm is another, or the disk refuses.
    """
    match algorithm:
        case "ES256":
            key: PrivateKey = ec.generate_private_key(ec.SECP256R1())
        case "PS256":
            key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        case _:
            raise KeyUnusable(f"{algorithm} is not an algorithm for tokens: ES256 or PS256 is")
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
            # a hard link, because unlike a rename it never replaces a key that is in use
            os.link(beside, path)
        finally:
            beside.unlink()
    except FileExistsError:
        raise KeyUnusable(f"{path} exists already and is left as it is") from None
    except OSError as error:
        raise KeyUnusable(f"{path} cannot be written: {error.strerror}") from None


class LocalSigner:
    """Signs with a private key in this process's memory; satisfies `keys.ports.Signer`."""

    __slots__ = ("_jwks", "_key", "_kid", "algorithm")

    def __init__(self, key: PrivateKey) -> None:
        """Take a P-256 or RSA private key.  Raises KeyUnusable for any other curve or a short RSA key."""
        self._key = key
        self.algorithm = ring.algorithm_of(key.public_key())
        self._jwks = ring.published([key.public_key()])
        self._kid: str = self._jwks["keys"][0]["kid"]

    @classmethod
    def load(cls, path: Path) -> "LocalSigner":
        """Read a key that `create_signing_key` made.

        Raises:
            KeyUnusable: it is not there, others may read it, or it is no key of a kind that we sign with.
        """
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_mode & _OTHERS:
                    raise KeyUnusable(f"{path} can be read or written by others: chmod 600 it, and consider it known")
                pem = file.read()
        except OSError as error:
            raise KeyUnusable(f"{path} cannot be read: {error.strerror}") from None
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError):
            raise KeyUnusable(f"{path} holds no private key in PEM without a password") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise KeyUnusable(f"{path} holds a key of a kind that tokens are not signed with")
        return cls(key)

    @property
    def private(self) -> PrivateKey:
        """The key, for whoever seals it."""
        return self._key

    async def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        """Return the claims as a compact JWS."""
        signed = ring.signing_input(claims, typ=typ, algorithm=self.algorithm, kid=self._kid)
        return ring.compact(signed, signature(self._key, signed))

    def public_jwks(self) -> dict[str, Any]:
        """Return the public key to publish."""
        return self._jwks


def rs256(key: rsa.RSAPrivateKey, data: bytes) -> bytes:
    """Return the raw signature of RS256 (RFC 7518 §3.3)."""
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def signature(key: PrivateKey | ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey, data: bytes) -> bytes:
    """Return the raw signature: for ES256 r and s of 32 octets each (RFC 7518 §3.4); ML-DSA with an empty context."""
    if isinstance(key, ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey):
        return key.sign(data)
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=_SHA256_BYTES)
        return key.sign(data, pss, hashes.SHA256())
    return raw_es256(key.sign(data, ec.ECDSA(hashes.SHA256())))


def raw_es256(der: bytes) -> bytes:
    """Return r and s of a DER signature over P-256 as 32 octets each."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(_SHA256_BYTES, "big") + s.to_bytes(_SHA256_BYTES, "big")
