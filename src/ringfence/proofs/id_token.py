"""Read an ID token of our own that comes back as a hint; it may have expired.  OpenID Connect Core §3.1.2.1; OpenID Connect RP-Initiated Logout §2."""

from collections.abc import Callable
from typing import Final

import msgspec

from ringfence.problem import Reason, Refused
from ringfence.proofs import claims as claim
from ringfence.proofs.jwk import VerificationKey
from ringfence.proofs.jws import Kind, check_algorithm, header_of, media_type, members_of, split, verify

KIND: Final = Kind("id_token_hint", Reason.OAUTH_REQUEST, Reason.OAUTH_REQUEST, Reason.OAUTH_REQUEST)

TYPES: Final = frozenset({"", "jwt"})
"""What ID tokens say of themselves; access and logout tokens, which the same key signs, say something else."""


class IdTokenHint(msgspec.Struct, frozen=True):
    """What a hint says; whether that still holds is for whoever reads it."""

    subject: str
    client_id: str
    sid: str
    kid: str


def verify_id_token_hint(raw: str, keys: Callable[[str], VerificationKey | None], *, issuer: str) -> IdTokenHint:
    """Return what stands in an ID token that we signed, whether or not it has expired.

    Args:
        raw: the parameter.
        keys: our public key of a `kid`, or None.
        issuer: our own identifier.

    Raises:
        Refused: OAUTH_REQUEST.
    """
    jws = split(raw, KIND)
    header = header_of(jws.encoded_header, KIND)
    if media_type(header) not in TYPES:
        raise Refused(Reason.OAUTH_REQUEST, "the id_token_hint is another kind of JWT")
    kid = header.get("kid")
    key = keys(kid) if isinstance(kid, str) else None
    if key is None:
        raise Refused(Reason.OAUTH_REQUEST, "the id_token_hint was not signed with a key of this server")
    check_algorithm(header, key, KIND)
    members = members_of(verify(jws, key, KIND), KIND)
    if members.get("iss") != issuer or "events" in members or "client_id" in members:
        raise Refused(Reason.OAUTH_REQUEST, "the id_token_hint is no ID token of this server")
    return IdTokenHint(
        subject=claim.text(members, "sub", KIND),
        client_id=claim.text(members, "aud", KIND),
        sid=claim.optional_text(members, "sid", KIND),
        kid=str(kid),
    )
