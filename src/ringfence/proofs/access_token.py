"""Verify a JWT access token.  RFC 9068 §2, §4; RFC 7800 §3.1; FAPI 2.0 Security Profile §5.3.4."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from ringfence.clock import Instant, Seconds
from ringfence.ids import token_hash
from ringfence.problem import Reason, Refused
from ringfence.proofs import claims as claim
from ringfence.proofs.jwk import VerificationKey
from ringfence.proofs.jws import Kind, check_algorithm, header_of, media_type, members_of, split, verify
from ringfence.proofs.pairwise_subjects import UserOf, public_only
from ringfence.proofs.segments import is_sha256

KIND: Final = Kind("access token", Reason.TOKEN_MALFORMED, Reason.TOKEN_ALGORITHM, Reason.TOKEN_SIGNATURE)
TYPE: Final = "at+jwt"

MOST_EXCHANGES: Final = 3
"""How often one token may be passed on by exchange: each actor is one more to trust, and one more block to look up."""


class AccessToken(msgspec.Struct, frozen=True, gc=False):
    """A token whose signature, issuer and audience have been verified; its times by `check_current`."""

    token_hash: str
    """SHA-256 of the token as presented, in hex: what it is remembered by."""
    jti: str
    client_id: str
    subject: str
    user_id: str
    """Whom it acts for, whatever `sub` its client knows them by; `""` where the client acts for itself: then `sub`
    is the client's id (RFC 9068 §2.2)."""
    scopes: frozenset[str]
    grant_id: str
    """`""` where no grant stands behind it."""
    issued_at: Instant
    expires_at: Instant
    not_before: Instant
    jkt: str
    """Thumbprint of the key it is bound to (RFC 9449 §6.1), or `""`."""
    x5t_s256: str
    """SHA-256 of the certificate it is bound to, in base64url (RFC 8705 §3.1), or `""`."""
    auth_time: Instant | None
    """When the customer logged in."""
    acr: str
    authorization_details: tuple[dict[str, Any], ...] = ()
    """What exactly the customer allowed (RFC 9396 §9.1); who signed it has checked it."""
    kid: str = ""
    """The key that it was signed with."""
    consent_id: str = ""
    """The consent behind a payment among them, which can be used once."""
    sid: str = ""
    """The customer's login that it was given in; `""` where it does not hang on one."""
    actors: tuple[str, ...] = ()
    """Who acts for whom the token was exchanged, then who acted before, back to the client that the customer allowed
    (RFC 8693 §4.1); empty for a token that was not exchanged."""


def verify_access_token(
    raw: str,
    keys: Callable[[str], VerificationKey | None],
    *,
    issuer: str,
    audience: str,
    now: Instant,
    skew: Seconds,
    user_of: UserOf = public_only,
) -> AccessToken:
    """Return the verified token.

    Args:
        raw: as it stood in the `Authorization` field.
        keys: the issuer's public key of a `kid`, or None; nothing in the token leads to another key.
        issuer: whose tokens are taken: `iss` exactly.
        audience: who we are: `aud`, or one of its texts.
        now: the present.
        skew: how far `iat` and `nbf` may lie in the future, in seconds. `exp` has no leeway: the clock is ours.
        user_of: leads a pairwise subject back to the customer.

    Raises:
        Refused: TOKEN_MALFORMED, TOKEN_ALGORITHM, TOKEN_SIGNATURE, TOKEN_ISSUER, TOKEN_AUDIENCE,
            TOKEN_NOT_YET_VALID, TOKEN_EXPIRED or TOKEN_NOT_BOUND.
    """
    jws = split(raw, KIND)
    header = header_of(jws.encoded_header, KIND)
    if media_type(header) != TYPE:
        raise Refused(Reason.TOKEN_MALFORMED, f'its header has no typ "{TYPE}"')
    kid = header.get("kid")
    key = keys(kid) if isinstance(kid, str) else None
    if key is None:
        raise Refused(Reason.TOKEN_SIGNATURE, "the issuer has no key of that kid")
    check_algorithm(header, key, KIND)
    members = members_of(verify(jws, key, KIND), KIND)
    if members.get("iss") != issuer:
        raise Refused(Reason.TOKEN_ISSUER)
    named = members.get("aud")
    if named != audience and not (isinstance(named, list) and audience in named):
        raise Refused(Reason.TOKEN_AUDIENCE)
    token = _token(raw, members, user_of, str(kid))
    check_current(token, now, skew=skew)
    return token


def check_key(token: AccessToken, keys: Callable[[str], VerificationKey | None]) -> None:
    """Return if the key that signed the token is still the issuer's; to be asked again for a remembered token.

    Raises:
        Refused: TOKEN_REVOKED, as after a key was compromised or suspended.
    """
    if keys(token.kid) is None:
        raise Refused(Reason.TOKEN_REVOKED, "the issuer has withdrawn the key that it was signed with")


def check_current(token: AccessToken, now: Instant, *, skew: Seconds) -> None:
    """Return if the token is valid now; to be asked again each time a remembered token is used.

    Raises:
        Refused: TOKEN_EXPIRED or TOKEN_NOT_YET_VALID.
    """
    if now >= token.expires_at:
        raise Refused(Reason.TOKEN_EXPIRED)
    if token.not_before > now + skew or token.issued_at > now + skew:
        raise Refused(Reason.TOKEN_NOT_YET_VALID)


def _token(raw: str, members: dict[str, Any], user_of: UserOf, kid: str) -> AccessToken:
    jkt, x5t_s256 = _confirmation(members)
    client_id = claim.text(members, "client_id", KIND)
    subject = claim.text(members, "sub", KIND)
    issued_at = claim.time(members, "iat", KIND)
    not_before = claim.optional_time(members, "nbf", KIND)
    return AccessToken(
        token_hash=token_hash(raw),
        jti=claim.text(members, "jti", KIND),
        client_id=client_id,
        subject=subject,
        user_id="" if subject == client_id else user_of(subject),
        scopes=frozenset(claim.optional_text(members, "scope", KIND).split()),
        grant_id=claim.optional_text(members, "grant_id", KIND),
        issued_at=issued_at,
        expires_at=claim.time(members, "exp", KIND),
        not_before=issued_at if not_before is None else not_before,
        jkt=jkt,
        x5t_s256=x5t_s256,
        auth_time=claim.optional_time(members, "auth_time", KIND),
        acr=claim.optional_text(members, "acr", KIND),
        authorization_details=_details(members),
        kid=kid,
        consent_id=claim.optional_text(members, "consent_id", KIND),
        sid=claim.optional_text(members, "sid", KIND),
        actors=actors_of(members, client_id),
    )


def actors_of(members: dict[str, Any], client_id: str) -> tuple[str, ...]:
    """Return who acts and who acted before, from the nested `act` claims; empty without any.  RFC 8693 §4.1.

    Args:
        members: the token's claims.
        client_id: who the token was given to: the first of the actors, or the token is not one of ours.

    Raises:
        Refused: TOKEN_MALFORMED for a chain that is too long, or that names nobody or somebody else first.
    """
    found: list[str] = []
    acting = members.get("act")
    while acting is not None:
        if not isinstance(acting, dict) or len(found) > MOST_EXCHANGES:
            raise Refused(Reason.TOKEN_MALFORMED, "its act is not a chain of objects, or too long")
        found.append(claim.text(acting, "sub", KIND))
        acting = acting.get("act")
    if found and found[0] != client_id:
        raise Refused(Reason.TOKEN_MALFORMED, "its act names another than the client that it was given to")
    return tuple(found)


def _details(members: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    found = members.get("authorization_details", [])
    if not isinstance(found, list) or not all(isinstance(detail, dict) for detail in found):
        raise Refused(Reason.TOKEN_MALFORMED, "its authorization_details are not objects in an array")
    return tuple(found)


def _confirmation(members: dict[str, Any]) -> tuple[str, str]:
    """Return the bindings in `cnf`; a token without one could be used by whoever finds it."""
    confirmation = members.get("cnf")
    if not isinstance(confirmation, dict):
        raise Refused(Reason.TOKEN_NOT_BOUND)
    jkt, x5t_s256 = confirmation.get("jkt", ""), confirmation.get("x5t#S256", "")
    if not jkt and not x5t_s256:
        raise Refused(Reason.TOKEN_NOT_BOUND)
    if any(value != "" and not is_sha256(value) for value in (jkt, x5t_s256)):
        raise Refused(Reason.TOKEN_MALFORMED, "its cnf does not hold thumbprints")
    return jkt, x5t_s256
