"""What is kept, as frozen structs: clients, users, grants and the short-lived artefacts of OAuth.

Values that a holder presents (codes, refresh tokens, request URIs, session cookies) are never kept
themselves: `*_hash` is their SHA-256 in hex (`ringfence.ids.token_hash`). Times are instants.
"""

from typing import Any, Literal

import msgspec

from ringfence.clock import Instant
from ringfence.store.consent_states import ConsentState


class Client(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A registered OAuth client.  RFC 7591 §2."""

    client_id: str
    name: str
    status: Literal["active", "suspended", "revoked"] = "active"
    authentication: Literal["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"] = "private_key_jwt"
    jwks: dict[str, Any] = {}
    """Public keys, `{"keys": [...]}` (RFC 7517 §5)."""
    jwks_uri: str = ""
    """Where its public keys are instead, under its own control (RFC 7591 §2)."""
    tls_subject: str = ""
    """RFC 4514 subject DN expected with `tls_client_auth` (RFC 8705 §2.1.2)."""
    binding: Literal["dpop", "mtls"] = "dpop"
    """How this client's access tokens are bound."""
    redirect_uris: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    authorization_details_types: tuple[str, ...] = ()
    """Types of authorization details that it may ask for (RFC 9396 §10)."""
    profile: Literal["fapi2", "fapi2-message-signing", "oauth2.1"] = "fapi2"
    """What it may do at all; the members below never contradict it."""
    require_signed_request_object: bool = False
    """Its authorization requests come signed, or not at all (RFC 9101 §10.5)."""
    response_modes: tuple[Literal["query", "jwt"], ...] = ("query", "jwt")
    """How it may have its authorization responses: plain, or signed (JARM)."""
    access_token_seconds: int = 0
    """Shorter life for this client's access tokens, in seconds; 0: as the policy says."""
    assertion_algorithm: str = ""
    """The only algorithm of its client assertions (`token_endpoint_auth_signing_alg`); empty: any of the policy's."""
    request_object_algorithm: str = ""
    """The only algorithm of its signed requests (`request_object_signing_alg`); empty: any of the policy's."""
    dpop_algorithm: str = ""
    """The only algorithm of its DPoP proofs (`dpop_signing_alg`); empty: any of the policy's."""
    subject_type: Literal["public", "pairwise"] = "public"
    """Whether it knows a customer by the same `sub` as other clients do (OpenID Connect Core §8)."""
    sector: str = ""
    """Host that pairwise subjects are worked out for (OpenID Connect Core §8.1)."""
    retired_keys: tuple[dict[str, Any], ...] = ()
    """Keys that it has replaced: each `jwk`, and `until` when (an instant) it is taken all the same."""
    certificate_expires_at: Instant | None = None
    """When the certificate that it last authenticated with ends; None where it never did with one."""
    name_key: str = ""
    """What its name has in common with names that look the same; no other client has it."""
    created_at: Instant
    backchannel_token_delivery_mode: Literal["", "poll", "ping"] = ""
    """How it learns that a customer has decided without a redirect; empty: it does not ask so (OpenID CIBA Core §4)."""
    backchannel_client_notification_endpoint: str = ""
    """Where it is pinged."""
    backchannel_logout_uri: str = ""
    """Where it is told that a session has ended; empty: nowhere (OpenID Connect Back-Channel Logout §2.2)."""
    backchannel_logout_session_required: bool = False
    post_logout_redirect_uris: tuple[str, ...] = ()
    """Where customers may return to after logging out here (OpenID Connect RP-Initiated Logout §3.1)."""


class User(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer who can log in on the built-in pages."""

    user_id: str
    username: str
    password_hash: str
    """Argon2id in PHC form."""
    name: str = ""
    status: Literal["active", "disabled"] = "active"
    totp_secret: str = ""
    """Sealed (`keys.sealing`); empty for a user without authenticator (RFC 6238)."""
    totp_step: int = 0
    """The last time step that was used: none counts twice."""
    recovery_codes: str = ""
    """Hashes of the codes that are left, with a space between."""
    created_at: Instant


class Grant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a customer allowed a client, or what a client has for itself (`user_id` empty)."""

    grant_id: str
    client_id: str
    user_id: str
    scopes: tuple[str, ...]
    authorization_details: tuple[dict[str, Any], ...] = ()
    """RFC 9396 §2: numbers are whole, amounts are texts."""
    created_at: Instant
    expires_at: Instant
    used_at: Instant | None = None
    """About when tokens were last issued from it."""
    revoked_at: Instant | None = None
    revoked_why: str = ""


class Consent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client asked a customer for, and what became of it; one consent stands behind one grant."""

    consent_id: str
    client_id: str
    """Who made it, and for whom alone it is worth anything."""
    user_id: str = ""
    """Who decided; empty until then."""
    grant_id: str = ""
    """What it became; empty unless it was authorised."""
    state: ConsentState = ConsentState.AWAITING
    scopes: tuple[str, ...]
    authorization_details: tuple[dict[str, Any], ...] = ()
    text_version: int = 0
    """Form of the canonical text that the hash is of; 0 until the customer has seen one."""
    text_sha256: str = ""
    """SHA-256 in hex of the exact text that the customer decided on."""
    created_at: Instant
    decided_at: Instant | None = None
    changed_at: Instant
    """When it came to its present state."""
    expires_at: Instant
    """Until when it can be decided; once authorised, until when it is worth anything."""
    authentication_code: str = ""
    """Of a payment: the signed record of what the customer approved and how (`oauth.authentication_code`)."""
    used_by: str = ""
    """Of a payment: the call that uses it, by its correlation id; empty while none does."""
    used_at: Instant | None = None


class PushedRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pushed authorization request.  RFC 9126."""

    uri_hash: str
    client_id: str
    consent_id: str = ""
    parameters: dict[str, str]
    dpop_jkt: str = ""
    created_at: Instant
    expires_at: Instant
    consumed_at: Instant | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer's browser session."""

    session_hash: str
    user_id: str
    device: str = ""
    """What the browser says that it is, in a few words."""
    network: str = ""
    """The address that the customer logged in from."""
    authenticated_at: Instant
    acr: str = ""
    """Class of the login; empty: by password."""
    used_at: Instant | None = None
    """About when the browser last showed it."""
    expires_at: Instant
    amr: str = ""
    """Methods of a login at an outside application, with a space between; empty for one on our own pages."""
    sid: str = ""
    """What the session is called in tokens; empty for one that began before sessions had names."""
    ended_at: Instant | None = None
    """When it was ended before its time."""


class Passkey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer's passkey: a key pair of which only we hold the public half.  Web Authentication Level 3 §4."""

    credential_id: str
    """Base64url, as the authenticator made it."""
    user_id: str
    public_key: str
    """COSE key in base64url."""
    sign_count: int = 0
    """The last that was seen; 0 for authenticators that do not count."""
    name: str = ""
    """What the customer calls it."""
    backed_up: bool = False
    """Its provider keeps a copy for the customer's other devices."""
    created_at: Instant
    used_at: Instant | None = None


class Code(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An authorization code and everything it was bound to.  RFC 6749 §4.1; RFC 7636; RFC 9449 §10."""

    code_hash: str
    grant_id: str
    client_id: str
    user_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    code_challenge: str
    nonce: str = ""
    dpop_jkt: str = ""
    authenticated_at: Instant
    acr: str = ""
    """Class of the login; empty: by password."""
    created_at: Instant
    expires_at: Instant
    consumed_at: Instant | None = None
    amr: str = ""
    """Methods of a login at an outside application, with a space between; empty for one on our own pages."""
    sid: str = ""
    """The session in which the customer decided."""


class RefreshToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A refresh token: one long-lived hash a grant, not rotated.  FAPI 2.0 SP §5.3.2.1-9."""

    token_hash: str
    grant_id: str
    client_id: str
    user_id: str
    scopes: tuple[str, ...]
    authenticated_at: Instant
    acr: str = ""
    """Class of the login; empty: by password."""
    created_at: Instant
    expires_at: Instant
    revoked_at: Instant | None = None
    amr: str = ""
    """Methods of a login at an outside application, with a space between; empty for one on our own pages."""
    sid: str = ""
    """The session in which the customer decided; may be over."""
