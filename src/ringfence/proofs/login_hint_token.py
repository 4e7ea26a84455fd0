"""Read a client's signed statement of whom its request is about.  OpenID CIBA Core §7.1; RFC 9493 §3.2.

CIBA leaves its form open. Here it is a JWT by a registered key of the client with `iss`, `aud`, `exp` and a
`sub_id` of the format `iss_sub` (a subject of ours) or `opaque` (a login name).
"""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from ringfence.clock import Instant, Seconds
from ringfence.problem import Reason, Refused
from ringfence.proofs import claims as claim
from ringfence.proofs.jwk import Algorithm, VerificationKey
from ringfence.proofs.jws import Kind
from ringfence.proofs.registered_keys import client_signed

KIND: Final = Kind("login_hint_token", Reason.OAUTH_REQUEST, Reason.OAUTH_REQUEST, Reason.OAUTH_REQUEST)

TYPES: Final = frozenset({"", "jwt"})


class NamedSubject(msgspec.Struct, frozen=True):
    """Whom it names: one of the two is empty."""

    subject: str = ""
    """Our `sub`."""
    username: str = ""


def verify_login_hint_token(
    raw: str,
    *,
    client_keys: Mapping[str, VerificationKey],
    client_id: str,
    issuer: str,
    algorithms: Collection[Algorithm],
    now: Instant,
    skew: Seconds,
) -> NamedSubject:
    """Return whom a login hint token names.

    Args:
        raw: the parameter.
        client_keys: the client's keys by `kid`.
        client_id: whose they are: `iss`.
        issuer: our own identifier: `aud`, or one of its texts.
        algorithms: those allowed.
        now: the present.
        skew: how far `iat` may lie in the future and `exp` in the past, in seconds.

    Raises:
        Refused: LOGIN_HINT_EXPIRED, OAUTH_REQUEST.
    """
    members = client_signed(raw, client_keys, algorithms, KIND, TYPES)
    named = members.get("aud")
    if members.get("iss") != client_id or (named != issuer and not (isinstance(named, list) and issuer in named)):
        raise Refused(Reason.OAUTH_REQUEST, "the login_hint_token's iss is the client, and its aud this server")
    if "sub" in members:  # a client assertion has one
        raise Refused(Reason.OAUTH_REQUEST, "the login_hint_token names its subject in sub_id, not in sub")
    issued_at = claim.optional_time(members, "iat", KIND)
    if claim.time(members, "exp", KIND) + skew <= now:
        raise Refused(Reason.LOGIN_HINT_EXPIRED)
    if issued_at is not None and issued_at > now + skew:
        raise Refused(Reason.OAUTH_REQUEST, "the login_hint_token's iat is in the future")
    return _named(members.get("sub_id"), issuer)


def _named(sub_id: object, issuer: str) -> NamedSubject:
    match sub_id:
        case {"format": "iss_sub", "iss": str(whose), "sub": str(subject)} if whose == issuer and subject:
            return NamedSubject(subject=subject)
        case {"format": "opaque", "id": str(username)} if username:
            return NamedSubject(username=username)
        case _:
            raise Refused(
                Reason.OAUTH_REQUEST,
                "the login_hint_token needs a sub_id of the format iss_sub (of this server) or opaque",
            )
