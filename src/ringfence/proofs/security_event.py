"""Verify a security event token: who says what, about whom, and when.  RFC 8417 §2, §4.5, §4.6; RFC 8725 §3.11; OpenID Shared Signals Framework §4.1.

It is no token of any other kind, and none of those passes for it: its type stands in the header, and it has neither
`sub` nor `exp`.
"""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from ringfence.clock import Instant, Seconds
from ringfence.problem import Reason, Refused
from ringfence.proofs import claims as claim
from ringfence.proofs.jwk import Algorithm, VerificationKey
from ringfence.proofs.jws import Kind, header_of, media_type, members_of, split, verify
from ringfence.proofs.registered_keys import registered_key

KIND: Final = Kind("security event", Reason.SIGNAL_REQUEST, Reason.SIGNAL_KEY, Reason.SIGNAL_KEY)

TYPE: Final = "secevent+jwt"

MAX_CHARACTERS: Final = 16_384
"""Longest event taken; one about a customer has less than 1,500."""

SET_ALGORITHMS: Final[tuple[Algorithm, ...]] = ("RS256", "PS256", "ES256", "EdDSA")
"""The interoperability profile of CAEP demands RS256 (§2.6)."""

JTI_CHARACTERS: Final = 255
KIND_CHARACTERS: Final = 255


class SecurityEvent(msgspec.Struct, frozen=True):
    """An event whose signature, issuer, audience and times have been verified. That it comes for the first time is for the records to say."""

    jti: str
    issued_at: Instant
    kind: str
    """Event type, a URI."""
    details: dict[str, Any]
    """What the event says of itself; nobody has judged it."""
    subject: Any
    """`sub_id` as it stands there; nobody has judged it."""


def peek_issuer(raw: str) -> str:
    """Return who an event claims to come from. Nothing is verified.  Raises Refused SIGNAL_REQUEST."""
    members = members_of(split(raw, KIND, longest=MAX_CHARACTERS).payload, KIND)
    return claim.text(members, "iss", KIND)


def verify_security_event(
    raw: str,
    *,
    issuer: str,
    audience: str,
    keys: Mapping[str, VerificationKey],
    algorithms: Collection[Algorithm],
    max_age: Seconds,
    now: Instant,
    skew: Seconds,
) -> SecurityEvent:
    """Return the verified event.

    Args:
        raw: the compact JWS.
        issuer: of whom the keys are.
        audience: our own identifier at this issuer.
        keys: by `kid`.
        algorithms: those that this issuer may use.
        max_age: how long after its `iat` it counts, in seconds.
        now: the present.
        skew: how far `iat` may lie in the future, in seconds.

    Raises:
        Refused: SIGNAL_KEY, SIGNAL_ISSUER, SIGNAL_AUDIENCE, or SIGNAL_REQUEST for everything else.
    """
    jws = split(raw, KIND, longest=MAX_CHARACTERS)
    header = header_of(jws.encoded_header, KIND)
    if media_type(header) != TYPE:
        raise _refused(f"its header's typ is not {TYPE}")
    members = members_of(verify(jws, registered_key(header, keys, algorithms, KIND), KIND), KIND)
    if members.get("iss") != issuer:
        raise Refused(Reason.SIGNAL_ISSUER, "iss is another's than the keys")
    named = members.get("aud")
    if named != audience and not (isinstance(named, list) and audience in named):
        raise Refused(Reason.SIGNAL_AUDIENCE, "aud is another receiver")
    if forbidden := {"sub", "exp", "nonce"} & members.keys():
        raise _refused(f"a security event has no {', '.join(sorted(forbidden))}")
    issued_at = claim.time(members, "iat", KIND)
    if issued_at > now + skew:
        raise _refused("its iat is in the future")
    if issued_at + max_age + skew <= now:
        raise _refused(f"it is older than {max_age:.0f} seconds")
    jti = claim.text(members, "jti", KIND)
    if len(jti) > JTI_CHARACTERS:
        raise _refused(f"jti is longer than {JTI_CHARACTERS} characters")
    kind, details = _event_in(members)
    return SecurityEvent(jti, issued_at, kind, details, members.get("sub_id"))


def event_id(transmitter: str, jti: str) -> str:
    """Return the name of one event: SHA-256 in hex of who sends it, and `jti`."""
    return hashlib.sha256(f"{len(transmitter)}:{transmitter}{jti}".encode("utf-8", "surrogatepass")).hexdigest()


def _event_in(members: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the one event that the token holds.  CAEP and RISC have one in each."""
    events = members.get("events")
    if not isinstance(events, dict) or len(events) != 1:
        raise _refused("events is an object with one event")
    ((kind, details),) = events.items()
    if not isinstance(details, dict) or len(kind) > KIND_CHARACTERS:
        raise _refused("an event is an object, and its type a URI")
    return kind, details


def _refused(detail: str) -> Refused:
    return Refused(Reason.SIGNAL_REQUEST, detail)
