"""Verify an authorization request that the client has signed.  RFC 9101 §4, §5, §6, §10.8; FAPI 2.0 Message Signing §5.3.1; OpenID CIBA Core §7.1.1."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from ringfence.clock import Instant, Seconds
from ringfence.problem import Reason, Refused
from ringfence.proofs import claims as claim
from ringfence.proofs.jwk import Algorithm, VerificationKey
from ringfence.proofs.jws import Kind
from ringfence.proofs.registered_keys import client_signed

KIND: Final = Kind(
    "request object",
    Reason.REQUEST_OBJECT_INVALID,
    Reason.REQUEST_OBJECT_INVALID,
    Reason.REQUEST_OBJECT_INVALID,
)

TYPES: Final = frozenset({"", "jwt", "oauth-authz-req+jwt"})
"""RFC 9101 §10.8 names the last; none and `JWT` are usual. Any other was made for another purpose."""

OLDEST: Final[Seconds] = 3600.0
"""How far `nbf` may lie in the past.  FAPI 2.0 Message Signing §5.3.1-3."""

LONGEST_LIFE: Final[Seconds] = 3600.0
"""How far `exp` may lie behind `nbf`.  FAPI 2.0 Message Signing §5.3.1-4."""

_ABOUT_ITSELF: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "sub"})
"""Claims that speak of the JWT, not of the request."""


def verify_request_object(
    raw: str,
    *,
    client_keys: Mapping[str, VerificationKey],
    client_id: str,
    issuer: str,
    algorithms: Collection[Algorithm],
    now: Instant,
    skew: Seconds,
) -> dict[str, Any]:
    """Return the request that stands in a request object: its claims without those that speak of the JWT.

    Args:
        raw: the parameter `request`.
        client_keys: the client's registered keys by `kid`.
        client_id: whose they are, as the client has authenticated.
        issuer: our own identifier, which `aud` is or holds.
        algorithms: those allowed.
        now: the present.
        skew: how far `iat` and `nbf` may lie in the future and `exp` in the past, in seconds.

    Raises:
        Refused: REQUEST_OBJECT_INVALID.
    """
    members = client_signed(raw, client_keys, algorithms, KIND, TYPES)
    if members.get("client_id") != client_id or members.get("iss", client_id) != client_id:
        raise _refused("client_id, and iss where there is one, have to be the client's")
    return _request_in(members, client_id, issuer, now, skew)


class BackchannelObject(msgspec.Struct, frozen=True):
    """A signed request that comes without a redirect."""

    members: dict[str, Any]
    """The request: claims without those that speak of the JWT."""
    replay_key: bytes
    """To be claimed once, until `replay_until`."""
    replay_until: Instant


def verify_backchannel_object(
    raw: str,
    *,
    client_keys: Mapping[str, VerificationKey],
    client_id: str,
    issuer: str,
    algorithms: Collection[Algorithm],
    now: Instant,
    skew: Seconds,
) -> BackchannelObject:
    """Return the request that stands in a signed backchannel authentication request.  OpenID CIBA Core §7.1.1.

    Arguments as of `verify_request_object`. `iss`, `iat` and `jti` are needed, `client_id` is not; what makes
    it a request by redirect has no place in it, so that neither kind passes for the other.

    Raises:
        Refused: REQUEST_OBJECT_INVALID.
    """
    members = client_signed(raw, client_keys, algorithms, KIND, TYPES)
    if members.get("iss") != client_id or members.get("client_id", client_id) != client_id:
        raise _refused("iss, and client_id where there is one, have to be the client's")
    if "response_type" in members or "redirect_uri" in members:
        raise _refused("it is a request by redirect")
    jti = claim.text(members, "jti", KIND)
    claim.time(members, "iat", KIND)
    request = _request_in(members, client_id, issuer, now, skew)
    replay_key = b"ciba-request:" + hashlib.sha256(f"{client_id}\n{jti}".encode("utf-8", "surrogatepass")).digest()
    return BackchannelObject(request, replay_key, Instant(claim.time(members, "exp", KIND) + skew))


def _request_in(members: dict[str, Any], client_id: str, issuer: str, now: Instant, skew: Seconds) -> dict[str, Any]:
    if members.get("sub") == client_id:
        raise _refused("sub is the client_id: that is how a client assertion looks")
    named = members.get("aud")
    if named != issuer and not (isinstance(named, list) and issuer in named):
        raise _refused("aud has to be this server's issuer identifier, or a list that holds it")
    _check_times(members, now, skew)
    if "request" in members or "request_uri" in members:
        raise _refused("it holds another request or a request_uri")
    return {name: value for name, value in members.items() if name not in _ABOUT_ITSELF}


def _check_times(members: dict[str, Any], now: Instant, skew: Seconds) -> None:
    not_before = claim.time(members, "nbf", KIND)
    expires_at = claim.time(members, "exp", KIND)
    issued_at = claim.optional_time(members, "iat", KIND)
    if expires_at + skew <= now:
        raise _refused("it has expired")
    if not_before > now + skew or (issued_at is not None and issued_at > now + skew):
        raise _refused("its nbf or iat is in the future")
    if not_before < now - OLDEST:
        raise _refused(f"its nbf is more than {OLDEST:.0f} seconds ago")
    if expires_at > not_before + LONGEST_LIFE:
        raise _refused(f"its exp is more than {LONGEST_LIFE:.0f} seconds after its nbf")


def _refused(detail: str) -> Refused:
    return Refused(Reason.REQUEST_OBJECT_INVALID, detail)
