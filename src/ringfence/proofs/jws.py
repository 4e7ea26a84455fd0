"""Take a compact JWS apart and verify its signature.  RFC 7515 §3.1, §5.2; RFC 7797 §3; RFC 8725 §3.

joserfc makes and checks the signatures. The text is taken apart here, because joserfc's own way in
caps headers at 512 bytes, takes a member named twice and takes its allowed algorithms from a list
that means "the usual ones" when empty.
"""

from typing import Any, Final, get_args

import msgspec
from cryptography.exceptions import InvalidSignature
from joserfc.jws import JWSRegistry

from ringfence import strict_json
from ringfence.problem import Reason, Refused
from ringfence.proofs.jwk import Algorithm, VerificationKey
from ringfence.proofs.segments import decode_segment

MAX_CHARACTERS: Final = 16_384
"""Longest JWS taken; a token with many scopes has about 2,000."""

MAX_HEADER_CHARACTERS: Final = 8_192
"""Longest encoded header taken: a proof by an 8192-bit RSA key has 2,000."""

_MAX_DEPTH: Final = 16
"""Nesting in headers and claims; `authorization_details` (RFC 9396) goes deepest."""

_PARTS: Final = 3


class Kind(msgspec.Struct, frozen=True, gc=False):
    """What a JWS is used as: its name for the caller, and the reasons for which it is refused."""

    name: str
    malformed: Reason
    algorithm: Reason
    signature: Reason


class UnverifiedJws(msgspec.Struct, frozen=True, gc=False):
    """A compact JWS whose parts are well-formed. Nobody has vouched for them yet."""

    encoded_header: str
    payload: bytes
    signing_input: bytes
    signature: bytes


def split(raw: str, kind: Kind, *, longest: int = MAX_CHARACTERS) -> UnverifiedJws:
    """Return the parts of a compact JWS of at most `longest` characters.

    Raises:
        Refused: `kind.malformed` if it is too long, has not three parts, or one is not strict base64url.
    """
    if len(raw) > longest or not raw.isascii():
        raise Refused(kind.malformed, f"the {kind.name} is not at most {longest} ASCII characters")
    parts = raw.split(".")
    if len(parts) != _PARTS:
        raise Refused(kind.malformed, f"the {kind.name} is not a signed JWT in compact form")
    header, payload, signature = parts
    if len(header) > MAX_HEADER_CHARACTERS:
        raise Refused(kind.malformed, f"the {kind.name}'s header is longer than {MAX_HEADER_CHARACTERS} characters")
    return UnverifiedJws(
        header,
        decode_segment(payload, kind.malformed),
        raw[: len(header) + 1 + len(payload)].encode("ascii"),
        decode_segment(signature, kind.malformed),
    )


def header_of(encoded: str, kind: Kind) -> dict[str, Any]:
    """Return the header that `encoded` (base64url) holds.

    Raises:
        Refused: `kind.malformed` if it is not a JSON object with `alg` in which each member stands
            once, or carries `crit` or `b64`: extensions that change how the rest is to be read.
    """
    header = members_of(decode_segment(encoded, kind.malformed), kind)
    if "crit" in header or "b64" in header:
        raise Refused(kind.malformed, f"the {kind.name}'s header uses an extension (crit, b64)")
    if not isinstance(header.get("alg"), str):
        raise Refused(kind.malformed, f"the {kind.name}'s header has no alg")
    return header


def members_of(data: bytes, kind: Kind) -> dict[str, Any]:
    """Return the JSON object in `data` (a header or claims).

    Numbers with a fraction are `decimal.Decimal`.

    Raises:
        Refused: `kind.malformed` if it is not a JSON object in which each member stands once.
    """
    try:
        members = strict_json.parse(data, max_depth=_MAX_DEPTH)
    except Refused as refused:
        detail = f"the {kind.name} does not hold well-formed JSON with each member once"
        raise Refused(kind.malformed, detail, private=refused.detail) from None
    if not isinstance(members, dict):
        raise Refused(kind.malformed, f"the {kind.name} does not hold a JSON object")
    return members


def verify(jws: UnverifiedJws, key: VerificationKey, kind: Kind) -> bytes:
    """Return the payload, once `key` has verified it by the key's own algorithm.

    That the header names the same algorithm is for `check_algorithm`; it never chooses one.

    Raises:
        Refused: `kind.signature`.
    """
    try:
        genuine = _SIGNATURES[key.algorithm].verify(jws.signing_input, jws.signature, key.key)
    except (InvalidSignature, ValueError):
        genuine = False
    if not genuine:
        raise Refused(kind.signature)
    return jws.payload


def check_algorithm(header: dict[str, Any], key: VerificationKey, kind: Kind) -> None:
    """Return if the header's `alg` is the key's.  RFC 8725 §3.1.

    Raises:
        Refused: `kind.algorithm`.
    """
    if not key.answers_to(header["alg"]):
        raise Refused(kind.algorithm, f"the key of this {kind.name} is used with {key.algorithm} only")


def media_type(header: dict[str, Any]) -> str:
    """Return the header's `typ` in lower case, without `application/`; `""` if it has none.  RFC 7515 §4.1.9."""
    typ = header.get("typ", "")
    return typ.lower().removeprefix("application/") if isinstance(typ, str) else "?"


_SIGNATURES: Final[dict[Algorithm, Any]] = {name: JWSRegistry.algorithms[name] for name in get_args(Algorithm)}
