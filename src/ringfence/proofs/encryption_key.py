"""Public keys that something is sealed to: declared for that, and never for signatures.  RFC 7517 §4.2-§4.4; RFC 7518 §4.3, §4.6; RFC 8037 §3.2."""

from collections.abc import Collection, Mapping
from typing import Any, Final, Literal, get_args

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from joserfc.jwk import ECKey, OKPKey, RSAKey

from ringfence.problem import Reason, Refused
from ringfence.proofs.jwk import KID_CHARACTERS, parse_public_jwk
from ringfence.proofs.segments import decode_segment

SealAlgorithm = Literal["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"]
SEAL_ALGORITHMS: Final[tuple[SealAlgorithm, ...]] = get_args(SealAlgorithm)
"""RSA1_5 and RSA-OAEP with SHA-1 are not among them, and cannot be had by any policy."""

ENCRYPTION: Final = "enc"

X25519_BYTES: Final = 32
"""RFC 7748 §5."""

_OF_TYPE: Final[dict[str, tuple[SealAlgorithm, ...]]] = {
    "RSA": ("RSA-OAEP-256",),
    "EC": ("ECDH-ES+A256KW", "ECDH-ES"),
    "OKP": ("ECDH-ES+A256KW", "ECDH-ES"),
}
"""By key type, the first for a key that names no algorithm."""

_SEALING: Final = frozenset({"encrypt", "wrapKey", "deriveKey", "deriveBits"})
_NUMBERS: Final = ("kty", "crv", "n", "e", "x", "y")
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_PROBE: Final = X25519PrivateKey.from_private_bytes(bytes(range(X25519_BYTES)))
"""No secret: agrees with a key once, to see that it is none of those that agree on zero with everybody."""


class EncryptionKey(msgspec.Struct, frozen=True, gc=False):
    """A public key that has been parsed, with the one algorithm that it is sealed to by."""

    kid: str
    algorithm: SealAlgorithm
    key: RSAKey | ECKey | OKPKey


def is_for_encryption(jwk: object) -> bool:
    """Say whether a JWK declares itself for encryption; one that declares nothing is for signatures here."""
    return isinstance(jwk, Mapping) and jwk.get("use") == ENCRYPTION


def parse_encryption_jwk(
    jwk: Mapping[str, Any],
    *,
    algorithms: Collection[SealAlgorithm] = SEAL_ALGORITHMS,
    reason: Reason = Reason.ADMIN_REQUEST,
) -> EncryptionKey:
    """Return the key in a JWK that something may be sealed to: RSA, EC P-256 or X25519.

    Args:
        jwk: the JSON object, with `use: enc` and a `kid`.
        algorithms: those allowed here.
        reason: what a refusal is called.

    Raises:
        Refused: with `reason`, if it is private, symmetric, too weak or too large, for another use, of another
            algorithm, not on its curve, or one whose agreement everybody knows.
    """
    if not is_for_encryption(jwk):
        raise Refused(reason, 'the JWK\'s use is not "enc"')
    if _PRIVATE.intersection(jwk):
        raise Refused(reason, "the JWK holds a private or symmetric key")
    kid = jwk.get("kid", "")
    if not isinstance(kid, str) or not 0 < len(kid) <= KID_CHARACTERS:
        raise Refused(reason, f"the JWK needs a kid: a text of at most {KID_CHARACTERS} characters")
    operations = jwk.get("key_ops", [])
    if not isinstance(operations, list) or not _SEALING.issuperset(map(str, operations)):
        raise Refused(reason, "the JWK's key_ops are not those of a key that something is sealed to")
    key = _public_key(jwk, reason)
    fitting = [name for name in _OF_TYPE[str(jwk["kty"])] if name in algorithms]
    algorithm = jwk.get("alg", fitting[0] if fitting else None)
    if algorithm not in fitting:
        taken = ", ".join(fitting) or f"none for a key of type {jwk['kty']}"
        raise Refused(reason, f"the JWK's alg is not one that is sealed by here: {taken}")
    return EncryptionKey(kid, algorithm, key)


def encryption_jwk(key: EncryptionKey) -> dict[str, str]:
    """Return the key as the JWK to keep: type, numbers, `kid`, `alg` and `use`."""
    members = {name: str(value) for name, value in key.key.as_dict(private=False).items() if name in _NUMBERS}
    return {**members, "kid": key.kid, "alg": key.algorithm, "use": ENCRYPTION}


def usable_encryption_keys(members: Collection[object]) -> tuple[EncryptionKey, ...]:
    """Return those keys of a set that something may be sealed to, in its order; those that share a `kid` are left out."""
    found: list[EncryptionKey] = []
    for jwk in members:
        if isinstance(jwk, Mapping) and is_for_encryption(jwk):
            try:
                found.append(parse_encryption_jwk(jwk))
            except Refused:
                continue  # of an algorithm that is not ours
    kids = [key.kid for key in found]
    return tuple(key for key in found if kids.count(key.kid) == 1)


def _public_key(jwk: Mapping[str, Any], reason: Reason) -> RSAKey | ECKey | OKPKey:
    """Return the key that the JWK's numbers make.  Raises Refused."""
    if (jwk.get("kty"), jwk.get("crv")) == ("OKP", "X25519"):
        text = jwk.get("x")
        data = decode_segment(text, reason) if isinstance(text, str) else b""
        try:
            public = X25519PublicKey.from_public_bytes(data)
            _PROBE.exchange(public)
        except ValueError:
            raise Refused(reason, "the JWK's x is no X25519 key that agrees on a secret") from None
        return OKPKey.import_key(public)
    if jwk.get("kty") == "RSA" or (jwk.get("kty"), jwk.get("crv")) == ("EC", "P-256"):
        return parse_public_jwk({name: jwk[name] for name in _NUMBERS if name in jwk}, reason=reason).key
    raise Refused(reason, "the JWK is not an RSA, EC P-256 or X25519 key")
