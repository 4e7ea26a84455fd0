"""Verify the detached signature over a body, `x-jws-signature`.  RFC 7515 Appendix F; RFC 7797 §3, §5, §6.

UK Open Banking's Read/Write API profile signs messages so, in two forms: since version 3.1.4 the payload is signed
base64url-encoded, before that as it is, with `b64: false`. Whichever it is, the payload is the body as it came and
never what stands in the header field.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from ringfence.clock import Instant, Seconds
from ringfence.problem import Reason, Refused
from ringfence.proofs import claims as claim
from ringfence.proofs.jwk import Algorithm, VerificationKey
from ringfence.proofs.jws import MAX_CHARACTERS, Kind, UnverifiedJws, media_type, members_of, verify
from ringfence.proofs.registered_keys import registered_key
from ringfence.proofs.segments import decode_segment, encode_segment

HEADER: Final = "x-jws-signature"

KIND: Final = Kind(
    "body signature", Reason.BODY_SIGNATURE_MALFORMED, Reason.BODY_SIGNATURE_ALGORITHM, Reason.BODY_SIGNATURE_INVALID
)

ISSUED_AT: Final = "http://openbanking.org.uk/iat"
ISSUER: Final = "http://openbanking.org.uk/iss"
TRUST_ANCHOR: Final = "http://openbanking.org.uk/tan"

_CRITICAL: Final = frozenset({ISSUED_AT, ISSUER, TRUST_ANCHOR})
_UNDERSTOOD: Final = _CRITICAL | {"b64"}
_PARTS: Final = 3


class Expected(msgspec.Struct, frozen=True, gc=False):
    """What the header is held against."""

    names: Collection[str]
    """What the client may call itself in `…/iss`."""
    trust_anchors: Collection[str]
    """Domains of the directories whose keys are trusted: `…/tan` names one."""
    max_age: Seconds
    """How far `…/iat` may lie in the past."""


def verify_detached(
    values: Collection[str],
    body: bytes,
    keys: Mapping[str, VerificationKey],
    algorithms: Collection[Algorithm],
    expected: Expected,
    now: Instant,
    skew: Seconds,
) -> VerificationKey:
    """Return the registered key that has signed the body.

    Args:
        values: of the header field.
        body: as it came, not empty.
        keys: the client's registered keys by `kid`.
        algorithms: those allowed.
        expected: what the header is held against.
        now: the present.
        skew: how far the time may lie in the future, in seconds.

    Raises:
        Refused: BODY_MISSING, or a BODY_SIGNATURE_… reason.
    """
    if not values:
        raise Refused(Reason.BODY_SIGNATURE_MISSING, f"the header {HEADER} is missing")
    if not body:
        # A signature over nothing verifies with any signature over nothing: there has to be a body.
        raise Refused(Reason.BODY_MISSING, f"{HEADER} is over the body")
    encoded_header, signature = _split(values)
    header = members_of(decode_segment(encoded_header, KIND.malformed), KIND)
    encoded = _check_extensions(header)
    if not isinstance(header.get("alg"), str) or not isinstance(header.get("kid"), str):
        raise _malformed("its header needs alg and kid")
    if media_type(header) not in {"", "jose"}:
        raise _malformed("its header's typ is not JOSE")
    content = header.get("cty", "json")
    if not isinstance(content, str) or content.lower().removeprefix("application/") != "json":
        raise _malformed("its header's cty is not json")
    key = registered_key(header, keys, algorithms, KIND)
    _check_claims(header, expected, now, skew)
    payload = encode_segment(body).encode("ascii") if encoded else body
    verify(UnverifiedJws(encoded_header, body, encoded_header.encode("ascii") + b"." + payload, signature), key, KIND)
    return key


def _split(values: Collection[str]) -> tuple[str, bytes]:
    """Return header and signature. A payload that stands between them would be signed instead of the body."""
    raw, *more = values
    if more or len(raw) > MAX_CHARACTERS or not raw.isascii():
        raise _malformed(f"{HEADER} appears once, with at most {MAX_CHARACTERS} ASCII characters")
    parts = raw.split(".")
    if len(parts) != _PARTS or parts[1] or not parts[0] or not parts[2]:
        raise _malformed(f"{HEADER} is `header..signature`: the payload is the body and does not stand in it")
    return parts[0], decode_segment(parts[2], KIND.malformed)


def _check_extensions(header: dict[str, Any]) -> bool:
    """Return whether the payload is signed in base64url.

    Each name in `crit` is understood, stands in the header, and stands in `crit` once (RFC 7515 §4.1.11); and what
    decides how the signature is to be read stands in `crit`, or a server without it would read it otherwise.
    """
    critical = header.get("crit")
    if not isinstance(critical, list) or not critical or not all(isinstance(name, str) for name in critical):
        raise _malformed("its header needs crit, a list of names")
    if len(set(critical)) != len(critical) or not set(critical) <= _UNDERSTOOD or not set(critical) <= header.keys():
        raise _malformed("its crit has a name twice, or one that is not understood or not in the header")
    if not set(critical) >= _CRITICAL:
        raise _malformed(f"its crit has to hold {', '.join(sorted(_CRITICAL))}")
    if "b64" not in header:
        return True
    if header["b64"] is not False or "b64" not in critical:
        raise _malformed("b64, where it stands, is false and in crit")
    return False


def _check_claims(header: dict[str, Any], expected: Expected, now: Instant, skew: Seconds) -> None:
    if not _among(header[ISSUER], expected.names):
        raise Refused(Reason.BODY_SIGNATURE_CLAIMS, f"{ISSUER} is not a name of the client that calls")
    if not _among(header[TRUST_ANCHOR], expected.trust_anchors):
        raise Refused(Reason.BODY_SIGNATURE_CLAIMS, f"{TRUST_ANCHOR} is not a trust anchor of this API")
    if not now - expected.max_age - skew <= claim.time(header, ISSUED_AT, KIND) <= now + skew:
        raise Refused(Reason.BODY_SIGNATURE_STALE, f"{ISSUED_AT} may be at most {expected.max_age:.0f} seconds ago")


def _among(value: Any, texts: Collection[str]) -> bool:
    return isinstance(value, str) and value in texts


def _malformed(detail: str) -> Refused:
    return Refused(KIND.malformed, detail)
