"""What stands in the tokens that we sign.  RFC 9068 §2.2; OpenID Connect Core §2; RFC 7800 §3.1."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ringfence.clock import Instant, Seconds
from ringfence.ids import new_token, token_hash
from ringfence.oauth.checks.authorization_details import Details
from ringfence.oauth.exchange import Binding, Server
from ringfence.oauth.profile import Profile
from ringfence.policy.model import Lifetimes
from ringfence.store.model import Client, RefreshToken

ACCESS_TOKEN: Final = "at+jwt"  # noqa: S105 - a media type
"""RFC 9068 §2.1."""

ID_TOKEN: Final = "JWT"  # noqa: S105 - a media type

ACR_PASSWORD: Final = "urn:ringfence:acr:password"  # noqa: S105 - a name
"""The customer logged in with a password.  RFC 9068 §2.2.1."""

ACR_TWO_FACTOR: Final = "urn:ringfence:acr:two-factor"
"""With a password, and the code of an authenticator or a recovery code."""

ACR_PASSKEY: Final = "urn:ringfence:acr:phishing-resistant"
"""With a passkey: by finger, face or PIN, or after the password. A false site can pass on neither."""

AMR: Final = {
    ACR_PASSWORD: ("pwd",),
    ACR_TWO_FACTOR: ("pwd", "otp", "mfa"),
    ACR_PASSKEY: ("pop", "mfa"),
}
"""Every class of login that there is, the weakest first, with what stands behind it.  RFC 9470 §4; RFC 8176 §2."""

ACRS: Final = tuple(AMR)


class Granted(msgspec.Struct, frozen=True):
    """What an access token is about.  `user` is empty where the client acts for itself."""

    client: Client
    grant_id: str
    user: str
    scopes: tuple[str, ...]
    binding: Binding
    ends_at: Instant | None = None
    """The token does not outlive this; None where no grant with an end stands behind it."""
    authenticated_at: Instant | None = None
    details: Details = ()
    """Authorization details."""
    acr: str = ""
    """Class of the login; empty: by password."""
    consent_id: str = ""
    """The consent that a payment among the details is used up with; empty without one."""
    amr: str = ""
    """Methods of a login at an outside application; empty: by its class."""

    sid: str = ""
    """The login that it ends with; empty where it does not hang on one."""
    actors: tuple[str, ...] = ()
    """Of an exchanged token: who acts, then who acted before."""
    dated: int = 0
    """The earliest date (`iat`) of a token that is not taken for one which the customer has ended."""


def login_classes(profile: Profile) -> tuple[str, ...]:
    """Return the classes of login that customers reach here: on our own pages, or at the outside application."""
    return profile.acr_values or ACRS


def standing_grant(client_id: str) -> str:
    """Return the grant id of what a client has for itself: one for all its tokens, without a record.

    Revoking it blocks the tokens that are out; the client itself is stopped by its status.
    """
    return f"self_{client_id}"


def subject_of(client: Client, user_id: str, server: Server) -> str:
    """Return the `sub` that a client knows a customer by.  OpenID Connect Core §8."""
    if client.subject_type == "public":
        return user_id
    return server.ports.subjects.subject(user_id, client.sector)


def lifetime(granted: Granted, server: Server, now: Instant) -> int:
    """Return how many seconds an access token lives: the shortest of policy, client and grant."""
    seconds = server.profile.lifetimes.access_token_seconds
    if granted.client.access_token_seconds:
        seconds = min(seconds, granted.client.access_token_seconds)
    if granted.ends_at is not None:
        seconds = min(seconds, int(granted.ends_at - now))
    return seconds


def grant_seconds(client: Client, lifetimes: Lifetimes, redeem_within: Seconds) -> Seconds:
    """Return how long a grant lives: without refresh tokens, as long as its one access token can.

    Args:
        client: who gets it.
        lifetimes: the policy's.
        redeem_within: how long the client has to fetch its first tokens.
    """
    if "refresh_token" in client.grant_types:
        return lifetimes.refresh_token_seconds
    return redeem_within + lifetimes.access_token_seconds


def refresh_token(value: str, granted: Granted, now: Instant) -> RefreshToken:
    """Return what is kept of a refresh token that is given with the first tokens of a customer's grant."""
    return RefreshToken(
        token_hash=token_hash(value),
        grant_id=granted.grant_id,
        client_id=granted.client.client_id,
        user_id=granted.user,
        scopes=granted.scopes,
        authenticated_at=granted.authenticated_at if granted.authenticated_at is not None else now,
        acr=granted.acr,
        amr=granted.amr,
        created_at=now,
        expires_at=granted.ends_at if granted.ends_at is not None else now,
        sid=granted.sid,
    )


def access_token_claims(granted: Granted, server: Server, now: Instant) -> dict[str, Any]:
    """Return the claims of an access token.  A subject that equals the client id is no customer (RFC 9068 §2.2)."""
    issued_at = int(now)
    claims: dict[str, Any] = {
        "iss": server.profile.issuer,
        "aud": server.profile.audience,
        "sub": subject_of(granted.client, granted.user, server) if granted.user else granted.client.client_id,
        "client_id": granted.client.client_id,
        "iat": max(issued_at, granted.dated),
        "exp": issued_at + lifetime(granted, server, now),
        "jti": new_token(server.ports.random),
        "scope": " ".join(granted.scopes),
        "grant_id": granted.grant_id,
        "cnf": granted.binding.confirmation(),
    }
    if granted.user and granted.authenticated_at is not None:
        # the customer's login, for a resource server that demands a newer or stronger one (RFC 9470 §6.1)
        claims |= {"auth_time": int(granted.authenticated_at), "acr": granted.acr or ACR_PASSWORD}
    if granted.sid:
        claims["sid"] = granted.sid
    if granted.actors:
        claims["act"] = acting(granted.actors)
    if details := for_resource(granted.details, server.profile.audience):
        claims["authorization_details"] = details
        if granted.consent_id:
            claims["consent_id"] = granted.consent_id
    return claims


def acting(actors: Sequence[str]) -> dict[str, Any]:
    """Return the `act` claim: the first acts, the others are nested in it.  RFC 8693 §4.1."""
    first, *before = actors
    return {"sub": first} | ({"act": acting(before)} if before else {})


def for_resource(details: Details, audience: str) -> Details:
    """Return the details that concern one resource server: those that name it, or none.  RFC 9396 §9.1."""
    return tuple(detail for detail in details if audience in _locations(detail, audience))


def _locations(detail: dict[str, Any], audience: str) -> list[str]:
    named = detail.get("locations", [audience])
    return named if isinstance(named, list) else [named]


def id_token_claims(granted: Granted, server: Server, now: Instant, nonce: str) -> dict[str, Any]:
    """Return the claims of an ID token; `nonce` is left out where the client sent none."""
    issued_at = int(now)
    claims: dict[str, Any] = {
        "iss": server.profile.issuer,
        "sub": subject_of(granted.client, granted.user, server),
        "aud": granted.client.client_id,
        "iat": issued_at,
        "exp": issued_at + server.profile.lifetimes.id_token_seconds,
        "auth_time": int(granted.authenticated_at or now),
        "acr": granted.acr or ACR_PASSWORD,
        "amr": granted.amr.split() or _methods(granted.acr),
    }
    # names the login, so that its end can be told (OpenID Connect Back-Channel Logout §2.1)
    claims |= {"sid": granted.sid} if granted.sid else {}
    return claims | ({"nonce": nonce} if nonce else {})


def _methods(acr: str) -> list[str]:
    """Return the methods of a login on our own pages.  RFC 8176 §2."""
    return list(AMR.get(acr, AMR[ACR_PASSWORD]))


async def token_response(
    granted: Granted, server: Server, now: Instant, *, refresh: str = "", id_token_nonce: str | None = None
) -> dict[str, Any]:
    """Return the body of a successful token response.  RFC 6749 §5.1.

    Args:
        granted: what is granted.
        server: settings and ports.
        now: the present.
        refresh: the refresh token to hand out; empty for none.
        id_token_nonce: None for no ID token; otherwise its nonce, which may be empty.
    """
    signer = server.ports.signer
    body: dict[str, Any] = {
        "access_token": await signer.sign(access_token_claims(granted, server, now), ACCESS_TOKEN),
        "token_type": "DPoP" if granted.binding.jkt else "Bearer",
        "expires_in": lifetime(granted, server, now),
    }
    if granted.scopes:
        body["scope"] = " ".join(granted.scopes)
    if granted.user:
        body["grant_id"] = granted.grant_id
    if granted.details:
        body["authorization_details"] = granted.details
    if refresh:
        body["refresh_token"] = refresh
    if id_token_nonce is not None:
        body["id_token"] = await signer.sign(id_token_claims(granted, server, now, id_token_nonce), ID_TOKEN)
    return body
