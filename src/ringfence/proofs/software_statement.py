"""Verify a software statement: what somebody trusted says about a client's software.  RFC 7591 §2.3, §3.1.1; RFC 8725 §3."""

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

KIND: Final = Kind("software statement", Reason.STATEMENT_INVALID, Reason.STATEMENT_INVALID, Reason.STATEMENT_INVALID)

TYPES: Final = frozenset({"", "jwt", "software-statement+jwt"})
"""Directories write none or `JWT`. Any other was made for another purpose."""

JTI_CHARACTERS: Final = 256
ABOUT_ITSELF: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "sub"})
"""Claims that speak of the statement, not of the software."""


class Statement(msgspec.Struct, frozen=True):
    """A statement whose signature and times have been verified. That it comes for the first time is for the records to say."""

    issuer: str
    statement_hash: str
    """SHA-256 in hex of issuer and `jti`: one use of it."""
    counts_until: Instant
    """After this it is refused for its age, or has expired."""
    expires_at: Instant | None
    """Its own `exp`."""
    claims: dict[str, Any]
    """What it says of the software."""


def peek_issuer(raw: str) -> str:
    """Return who a statement claims to come from, to find the keys. Nothing is verified.  Raises Refused STATEMENT_INVALID."""
    return claim.text(members_of(split(raw, KIND).payload, KIND), "iss", KIND)


def verify_software_statement(
    raw: str,
    *,
    issuer: str,
    keys: Mapping[str, VerificationKey],
    algorithms: Collection[Algorithm],
    audience: str,
    max_age: Seconds,
    now: Instant,
    skew: Seconds,
) -> Statement:
    """Return the verified statement.

    Args:
        raw: the member `software_statement`.
        issuer: of whom the keys are.
        keys: by `kid`.
        algorithms: those that this issuer may use.
        audience: our own identifier; a statement with an `aud` has to name it.
        max_age: how long after its `iat` it counts, in seconds.
        now: the present.
        skew: how far `iat` and `nbf` may lie in the future and `exp` in the past, in seconds.

    Raises:
        Refused: STATEMENT_INVALID.
    """
    jws = split(raw, KIND)
    header = header_of(jws.encoded_header, KIND)
    if media_type(header) not in TYPES:
        raise _refused("its header's typ is another kind of JWT's")
    members = members_of(verify(jws, registered_key(header, keys, algorithms, KIND), KIND), KIND)
    if members.get("iss") != issuer:
        raise _refused("iss is another's than the keys")
    named = members.get("aud")
    if named is not None and named != audience and not (isinstance(named, list) and audience in named):
        raise _refused("its aud is another server")
    issued_at, expires_at = claim.time(members, "iat", KIND), claim.optional_time(members, "exp", KIND)
    not_before = claim.optional_time(members, "nbf", KIND)
    if issued_at > now + skew or (not_before is not None and not_before > now + skew):
        raise _refused("its iat or nbf is in the future")
    if issued_at + max_age + skew <= now:
        raise _refused(f"it is older than {max_age:.0f} seconds: get a new one from its issuer")
    if expires_at is not None and expires_at + skew <= now:
        raise _refused("it has expired: get a new one from its issuer")
    jti = claim.text(members, "jti", KIND)
    if len(jti) > JTI_CHARACTERS:
        raise _refused(f"jti is longer than {JTI_CHARACTERS} characters")
    oldest = issued_at + max_age if expires_at is None else min(issued_at + max_age, expires_at)
    about = {name: value for name, value in members.items() if name not in ABOUT_ITSELF}
    digest = hashlib.sha256(f"{len(issuer)}:{issuer}{jti}".encode("utf-8", "surrogatepass")).hexdigest()
    return Statement(issuer, digest, Instant(oldest + skew), expires_at, about)


def _refused(detail: str) -> Refused:
    return Refused(Reason.STATEMENT_INVALID, detail)
