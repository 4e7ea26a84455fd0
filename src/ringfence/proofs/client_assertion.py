"""Verify how a client authenticates with its key.  RFC 7523 §2.2, §3; FAPI 2.0 Security Profile §5.3.2.1."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from ringfence.clock import Instant, Seconds
from ringfence.problem import Reason, Refused
from ringfence.proofs import claims as claim
from ringfence.proofs.jwk import Algorithm, VerificationKey
from ringfence.proofs.jws import Kind, header_of, media_type, members_of, split, verify
from ringfence.proofs.registered_keys import registered_key
from ringfence.proofs.replay import claim_key

KIND: Final = Kind("client assertion", Reason.ASSERTION_INVALID, Reason.ASSERTION_INVALID, Reason.ASSERTION_INVALID)

TYPES: Final = frozenset({"", "jwt", "client-authentication+jwt"})
"""None and `JWT` are usual; the third is draft-ietf-oauth-rfc7523bis. Any other was made for another purpose."""

LONGEST_LIFE: Final = 600.0
"""How far `exp` may lie ahead, in seconds: each `jti` is remembered until then."""

JTI_CHARACTERS: Final = 256
"""Longest `jti` taken."""


class Assertion(msgspec.Struct, frozen=True, gc=False):
    """A client that has shown its key. That it comes for the first time is for the shared state to say."""

    client_id: str
    jti: str
    kid: str
    replay_key: bytes
    """To be claimed, once, until `replay_until`; at most 64 bytes."""
    replay_until: Instant


def peek_client_id(raw: str) -> str:
    """Return the client that an assertion claims to come from, to find its keys. Nothing is verified.

    Raises:
        Refused: ASSERTION_INVALID.
    """
    members = members_of(split(raw, KIND).payload, KIND)
    return claim.text(members, "sub", KIND)


def verify_client_assertion(
    raw: str,
    *,
    client_keys: Mapping[str, VerificationKey],
    client_id: str,
    issuer: str,
    algorithms: Collection[Algorithm],
    now: Instant,
    skew: Seconds,
) -> Assertion:
    """Return the verified assertion.

    Args:
        raw: the parameter `client_assertion`.
        client_keys: the client's registered keys by `kid`.
        client_id: whose they are.
        issuer: our own identifier: the only audience taken, and as a text, never in a list, nor as
            the URL of an endpoint (CVE-2025-27370).
        algorithms: those allowed.
        now: the present.
        skew: how far `iat` and `nbf` may lie in the future and `exp` in the past, in seconds.

    Raises:
        Refused: ASSERTION_INVALID.
    """
    jws = split(raw, KIND)
    header = header_of(jws.encoded_header, KIND)
    if media_type(header) not in TYPES:
        raise Refused(Reason.ASSERTION_INVALID, "its header's typ is another kind of JWT's")
    key = registered_key(header, client_keys, algorithms, KIND)
    members = members_of(verify(jws, key, KIND), KIND)
    if members.get("iss") != client_id or members.get("sub") != client_id:
        raise Refused(Reason.ASSERTION_INVALID, "iss and sub have to be the client_id")
    if members.get("aud") != issuer:
        raise Refused(Reason.ASSERTION_INVALID, "aud has to be this server's issuer identifier, as a text")
    expires_at = _check_times(members, now, skew)
    jti = claim.text(members, "jti", KIND)
    if len(jti) > JTI_CHARACTERS:
        raise Refused(Reason.ASSERTION_INVALID, f"jti is longer than {JTI_CHARACTERS} characters")
    replay_until = Instant(expires_at + skew)
    return Assertion(client_id, jti, key.kid, claim_key("assertion", client_id, jti), replay_until)


def _check_times(members: dict[str, Any], now: Instant, skew: Seconds) -> Instant:
    expires_at = claim.time(members, "exp", KIND)
    if expires_at + skew <= now:
        raise Refused(Reason.ASSERTION_INVALID, "it has expired")
    if expires_at > now + LONGEST_LIFE + skew:
        raise Refused(Reason.ASSERTION_INVALID, f"exp is more than {LONGEST_LIFE:.0f} seconds ahead")
    for name in ("nbf", "iat"):
        begins = claim.optional_time(members, name, KIND)
        if begins is not None and begins > now + skew:
            raise Refused(Reason.ASSERTION_INVALID, f"its {name} is in the future")
    return expires_at
