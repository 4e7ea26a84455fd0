"""Public keys and their thumbprints.  RFC 7517 §4, §5; RFC 7518 §6; RFC 8037 §2; RFC 7638."""

from collections.abc import Collection, Mapping
from typing import Any, Final, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from joserfc.jwk import ECKey, OKPKey, RSAKey

from ringfence.problem import Reason, Refused
from ringfence.proofs.segments import decode_segment

Algorithm = Literal["ES256", "PS256", "EdDSA", "RS256"]
ALGORITHMS: Final[tuple[Algorithm, ...]] = ("ES256", "PS256", "EdDSA")
"""Those of tokens and of whoever proves who they are. `RS256` is taken in security events alone, where it is named."""

PublicKey = EllipticCurvePublicKey | RSAPublicKey | Ed25519PublicKey

RSA_BITS: Final = range(2048, 8192 + 1)
"""RFC 7518 §3.5 sets the lower end. The upper keeps a verification below a millisecond."""

RSA_EXPONENT_BITS: Final = 32
"""Longest public exponent taken; 65537 needs 17. A huge one makes each verification expensive."""

KID_CHARACTERS: Final = 256
"""Longest key id taken."""

COORDINATE_BYTES: Final = 32
"""Of P-256 (RFC 7518 §6.2.1.2) and Ed25519 (RFC 8037 §2): always written in full."""

UNCOMPRESSED_POINT: Final = b"\x04"
"""Marks an EC point written as both its coordinates (SEC 1 §2.3.3)."""

ED25519_FIELD: Final = 2**255 - 19

SMALL_ORDER_Y: Final = frozenset(
    {
        0,
        1,
        ED25519_FIELD - 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    }
)
"""The y coordinates of Ed25519's points of order 1, 2, 4 and 8. OpenSSL takes them as keys, and one
signature, the same for everybody, then verifies for an eighth of all messages or more (RFC 8032 §8.9 leaves
it to the protocol)."""

_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_HEADER_NAMES: Final[dict[Algorithm, tuple[str, ...]]] = {
    "ES256": ("ES256",),
    "PS256": ("PS256",),
    "EdDSA": ("EdDSA", "Ed25519"),  # RFC 9864 §2.2 names the second
    "RS256": ("RS256",),
}


class VerificationKey(msgspec.Struct, frozen=True, gc=False):
    """A public key that has been parsed, with the one algorithm it is used with."""

    kid: str
    algorithm: Algorithm
    thumbprint: str
    """RFC 7638 SHA-256 thumbprint in base64url: `jkt`."""
    key: ECKey | RSAKey | OKPKey
    """`key.public_key` is the key of the `cryptography` package."""

    def answers_to(self, header_algorithm: object) -> bool:
        """Say whether a header's `alg` names this key's algorithm."""
        return header_algorithm in _HEADER_NAMES[self.algorithm]


def parse_public_jwk(
    jwk: Mapping[str, Any],
    *,
    algorithms: Collection[Algorithm] = ALGORITHMS,
    need_kid: bool = False,
    reason: Reason = Reason.ADMIN_REQUEST,
) -> VerificationKey:
    """Return the key in a JWK that may verify signatures.

    EC P-256 is ES256, RSA is PS256, Ed25519 is EdDSA; nothing else is taken. Where `algorithms` names RS256, an RSA
    key is of RS256, unless its `alg` says otherwise: each key has one algorithm, whatever a header says.

    Args:
        jwk: the JSON object.
        algorithms: those allowed here.
        need_kid: refuse a key without `kid`; otherwise it is `""`.
        reason: what a refusal is called; as it stands, the one for keys that come over the management API.

    Raises:
        Refused: with `reason`, if it is private, symmetric, too weak, too large, for another use,
            of another algorithm, or not on its curve.
    """
    private = _PRIVATE_MEMBERS.intersection(jwk)
    if private:
        raise Refused(reason, "the JWK holds a private or symmetric key")
    kid = jwk.get("kid", "")
    if not isinstance(kid, str) or len(kid) > KID_CHARACTERS or (need_kid and not kid):
        raise Refused(reason, f"the JWK needs a kid: a text of at most {KID_CHARACTERS} characters")
    try:
        key = _wrapped(_public_key(jwk, reason), kid)
    except ValueError:
        raise Refused(reason, "the JWK's numbers are not a public key of its type") from None
    if key.algorithm == "PS256" and "RS256" in algorithms and jwk.get("alg", "RS256") == "RS256":
        key = msgspec.structs.replace(key, algorithm="RS256")
    _check_use(jwk, key.algorithm, algorithms, reason)
    return key


def from_public_key(public: PublicKey, kid: str = "") -> VerificationKey:
    """Return a key of the `cryptography` package, ready to verify; without a `kid`, it gets its thumbprint's.

    Raises:
        Refused: ADMIN_REQUEST, for what `parse_public_jwk` refuses.
    """
    key = parse_public_jwk(_wrapped(public, "").key.as_dict())
    return msgspec.structs.replace(key, kid=kid or key.thumbprint)


def public_jwk(key: VerificationKey) -> dict[str, str]:
    """Return the key as the JWK to publish: type, numbers, `kid`, `alg` and `use`."""
    members = {name: str(value) for name, value in key.key.as_dict().items()}
    return {**members, "kid": key.kid, "alg": key.algorithm, "use": "sig"}


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return a public JWK's SHA-256 thumbprint in base64url.  RFC 7638 §3.  Raises as `parse_public_jwk`."""
    return parse_public_jwk(jwk).thumbprint


def parse_jwks(
    document: Mapping[str, Any],
    *,
    algorithms: Collection[Algorithm] = ALGORITHMS,
    reason: Reason = Reason.ADMIN_REQUEST,
) -> dict[str, VerificationKey]:
    """Return the keys of a JWK set by `kid`; each needs one of its own.  RFC 7517 §5.

    Raises:
        Refused: with `reason`, if it is no set, is empty, repeats a `kid`, or holds a key that
            `parse_public_jwk` refuses.
    """
    members = document.get("keys")
    if not isinstance(members, list) or not members:
        raise Refused(reason, 'a JWK set needs a non-empty array "keys"')
    keys: dict[str, VerificationKey] = {}
    for jwk in members:
        if not isinstance(jwk, Mapping):
            raise Refused(reason, "a JWK set holds objects only")
        key = parse_public_jwk(jwk, algorithms=algorithms, need_kid=True, reason=reason)
        if key.kid in keys:
            raise Refused(reason, "two keys of the set have the same kid")
        keys[key.kid] = key
    return keys


def _check_use(jwk: Mapping[str, Any], algorithm: Algorithm, algorithms: Collection[Algorithm], reason: Reason) -> None:
    """Return if the JWK says nothing against verifying signatures with `algorithm`.  RFC 7517 §4.2-§4.4."""
    if algorithm not in algorithms:
        raise Refused(reason, f"keys for {algorithm} are not taken here")
    if "alg" in jwk and jwk["alg"] not in _HEADER_NAMES[algorithm]:
        raise Refused(reason, f"the JWK's alg does not fit its type: {algorithm} is expected")
    if jwk.get("use", "sig") != "sig":
        raise Refused(reason, 'the JWK\'s use is not "sig"')
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise Refused(reason, 'the JWK\'s key_ops do not hold "verify"')


def _wrapped(public: PublicKey, kid: str) -> VerificationKey:
    """Return the key as joserfc takes it, with a thumbprint from its numbers and not from its text."""
    if isinstance(public, EllipticCurvePublicKey):
        ec = ECKey.import_key(public)
        return VerificationKey(kid, "ES256", ec.thumbprint(), ec)
    if isinstance(public, RSAPublicKey):
        rsa = RSAKey.import_key(public)
        return VerificationKey(kid, "PS256", rsa.thumbprint(), rsa)
    okp = OKPKey.import_key(public)
    return VerificationKey(kid, "EdDSA", okp.thumbprint(), okp)


def _public_key(jwk: Mapping[str, Any], reason: Reason) -> PublicKey:
    """Return the key that the JWK's numbers make.  Raises ValueError if they make none of that type."""
    kty, crv = jwk.get("kty"), jwk.get("crv")
    if kty == "EC" and crv == "P-256":
        point = UNCOMPRESSED_POINT + _coordinate(jwk, "x", reason) + _coordinate(jwk, "y", reason)
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    if kty == "OKP" and crv == "Ed25519":
        point = _coordinate(jwk, "x", reason)
        if _ed25519_y(point) in SMALL_ORDER_Y:
            raise Refused(reason, "the Ed25519 key is one that verifies forged signatures")
        return Ed25519PublicKey.from_public_bytes(point)
    if kty == "RSA":
        modulus, exponent = _unsigned(jwk, "n", reason), _unsigned(jwk, "e", reason)
        if modulus.bit_length() not in RSA_BITS:
            raise Refused(reason, f"an RSA key has {RSA_BITS.start} to {RSA_BITS.stop - 1} bits")
        if exponent.bit_length() > RSA_EXPONENT_BITS or modulus % 2 == 0:
            raise Refused(reason, "the RSA key's numbers are not usual ones")
        return RSAPublicNumbers(exponent, modulus).public_key()
    raise Refused(reason, "the JWK is not an EC P-256, RSA or Ed25519 key")


def _ed25519_y(point: bytes) -> int:
    """Return the y coordinate that a point's encoding stands for, the sign bit of x left out.  RFC 8032 §5.1.3."""
    return (int.from_bytes(point, "little") & ((1 << 255) - 1)) % ED25519_FIELD


def _coordinate(jwk: Mapping[str, Any], name: str, reason: Reason) -> bytes:
    text = jwk.get(name)
    data = decode_segment(text, reason) if isinstance(text, str) else b""
    if len(data) != COORDINATE_BYTES:
        raise Refused(reason, f"the JWK's {name} is not {COORDINATE_BYTES} bytes in base64url")
    return data


def _unsigned(jwk: Mapping[str, Any], name: str, reason: Reason) -> int:
    """Return a Base64urlUInt.  RFC 7518 §2."""
    text = jwk.get(name)
    data = decode_segment(text, reason) if isinstance(text, str) else b""
    if not data or data[0] == 0:
        raise Refused(reason, f"the JWK's {name} is not a number without leading zeros in base64url")
    return int.from_bytes(data, "big")
