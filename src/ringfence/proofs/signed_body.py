"""Open a request body that is a compact JWS, and hold its claims against the caller and the call.  RFC 7515 §5.2; RFC 7519 §4.1, §7.2; RFC 8725 §3.

The signature says whose the body is; the claims say for whom and when. Everything else in it is for the
operation's schema.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from ringfence.clock import Instant, Seconds
from ringfence.problem import Reason, Refused
from ringfence.proofs import claims as claim
from ringfence.proofs.jwk import Algorithm, VerificationKey
from ringfence.proofs.jws import Kind, header_of, media_type, split, verify
from ringfence.proofs.registered_keys import registered_key
from ringfence.proofs.replay import claim_key

KIND: Final = Kind(
    "signed body", Reason.BODY_SIGNATURE_MALFORMED, Reason.BODY_SIGNATURE_ALGORITHM, Reason.BODY_SIGNATURE_INVALID
)

TYPES: Final = frozenset({"", "jwt", "jose", "secevent+jwt"})
"""What a body's `typ` may be: a JWT made for something else (a proof, a request object, a token) says so in it.
RFC 8725 §3.11; RFC 8417 §2.3 has the last."""

JTI_CHARACTERS: Final = 256


class Expected(msgspec.Struct, frozen=True, gc=False):
    """What the claims are held against."""

    client_id: str
    names: Collection[str]
    """What the client may call itself in `iss`."""
    audiences: Collection[str]
    """Of whom `aud` has to name one."""
    required: Collection[str]
    """Claims that have to be there."""
    max_age: Seconds
    """How far `iat` may lie in the past."""


class Once(msgspec.Struct, frozen=True, gc=False):
    """A `jti`, to be claimed once."""

    replay_key: bytes
    replay_until: Instant


def open_body(body: bytes, keys: Mapping[str, VerificationKey], algorithms: Collection[Algorithm]) -> tuple[bytes, str]:
    """Return the payload of a compact JWS that one of the client's registered keys has signed, and that key's `kid`.

    Args:
        body: as it came; its size is bounded by who read it.
        keys: the client's registered keys by `kid`.
        algorithms: those allowed.

    Raises:
        Refused: BODY_SIGNATURE_MALFORMED, BODY_SIGNATURE_ALGORITHM or BODY_SIGNATURE_INVALID.
    """
    try:
        raw = body.decode("ascii")
    except UnicodeDecodeError:
        raise Refused(KIND.malformed, "a compact JWS is ASCII") from None
    jws = split(raw, KIND, longest=len(raw))
    header = header_of(jws.encoded_header, KIND)
    if media_type(header) not in TYPES:
        raise Refused(KIND.malformed, "its header's typ is another kind of JWT's")
    content = header.get("cty", "")
    if not isinstance(content, str) or content.lower().removeprefix("application/") not in {"", "json"}:
        raise Refused(KIND.malformed, "its header's cty is not json: nothing nested or encrypted is taken")
    if not jws.payload:
        raise Refused(KIND.malformed, "its payload is empty")
    key = registered_key(header, keys, algorithms, KIND)
    return verify(jws, key, KIND), key.kid


def check_claims(members: Any, expected: Expected, now: Instant, skew: Seconds) -> Once | None:
    """Return the `jti` that is to be claimed, if there is one.

    Args:
        members: the parsed payload.
        expected: what its claims are held against.
        now: the present.
        skew: how far times may be off, in seconds.

    Raises:
        Refused: BODY_SIGNATURE_MALFORMED, BODY_SIGNATURE_CLAIMS or BODY_SIGNATURE_STALE.
    """
    if not isinstance(members, dict):
        raise Refused(KIND.malformed, "its payload is not a JSON object")
    missing = [name for name in expected.required if name not in members]
    if missing:
        raise Refused(Reason.BODY_SIGNATURE_CLAIMS, f"not there: {', '.join(missing)}")
    issuer = members.get("iss", expected.client_id)
    if not isinstance(issuer, str) or issuer not in expected.names:
        raise Refused(Reason.BODY_SIGNATURE_CLAIMS, "iss is not a name of the client that calls")
    if members.get("sub") == expected.client_id:
        raise Refused(Reason.BODY_SIGNATURE_CLAIMS, "sub is the client's id: that is how a client assertion looks")
    if "aud" in members and not _meant(members["aud"], expected.audiences):
        raise Refused(Reason.BODY_SIGNATURE_CLAIMS, "aud does not name this API")
    until = _check_times(members, expected.max_age, now, skew)
    if "jti" not in members:
        return None
    jti = claim.text(members, "jti", KIND)
    if len(jti) > JTI_CHARACTERS:
        raise Refused(KIND.malformed, f"jti is longer than {JTI_CHARACTERS} characters")
    return Once(claim_key("body", expected.client_id, jti), until)


def _meant(audience: Any, ours: Collection[str]) -> bool:
    named = audience if isinstance(audience, list) else [audience]
    return any(isinstance(one, str) and one in ours for one in named)


def _check_times(members: dict[str, Any], max_age: Seconds, now: Instant, skew: Seconds) -> Instant:
    """Return until when the body could be presented again."""
    issued_at = claim.optional_time(members, "iat", KIND)
    expires_at = claim.optional_time(members, "exp", KIND)
    not_before = claim.optional_time(members, "nbf", KIND)
    if expires_at is not None and expires_at + skew <= now:
        raise Refused(Reason.BODY_SIGNATURE_STALE, "it has expired")
    if not_before is not None and not_before > now + skew:
        raise Refused(Reason.BODY_SIGNATURE_STALE, "its nbf is in the future")
    if issued_at is not None and not now - max_age - skew <= issued_at <= now + skew:
        raise Refused(Reason.BODY_SIGNATURE_STALE, f"iat may be at most {max_age:.0f} seconds ago")
    ends = [when for when in (expires_at, None if issued_at is None else issued_at + max_age) if when is not None]
    return Instant((min(ends) if ends else now + max_age) + 2 * skew)
