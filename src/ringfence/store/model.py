"""What is kept, as frozen structs: clients, users, grants and the short-lived artefacts of OAuth.

Values that a holder presents (codes, refresh tokens, request URIs, session cookies) are never kept
themselves: `*_hash` is their SHA-256 in hex (`ringfence.ids.token_hash`). Times are instants.
"""

from typing import Any, Literal

import msgspec

from ringfence.clock import Instant


class Client(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A registered OAuth client.  RFC 7591 §2."""

    client_id: str
    name: str
    status: Literal["active", "suspended", "revoked"] = "active"
    authentication: Literal["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"] = "private_key_jwt"
    jwks: dict[str, Any] = {}
    """Public keys, `{"keys": [...]}` (RFC 7517 §5)."""
    tls_subject: str = ""
    """RFC 4514 subject DN expected with `tls_client_auth` (RFC 8705 §2.1.2)."""
    binding: Literal["dpop", "mtls"] = "dpop"
    """How this client's access tokens are bound."""
    redirect_uris: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    access_token_seconds: int = 0
    """Shorter life for this client's access tokens, in seconds; 0: as the policy says."""
    created_at: Instant


class User(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer who can log in on the built-in pages."""

    user_id: str
    username: str
    password_hash: str
    """Argon2id in PHC form."""
    name: str = ""
    status: Literal["active", "disabled"] = "active"
    created_at: Instant


class Grant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a customer allowed a client, or what a client has for itself (`user_id` empty)."""

    grant_id: str
    client_id: str
    user_id: str
    scopes: tuple[str, ...]
    created_at: Instant
    expires_at: Instant
    revoked_at: Instant | None = None
    revoked_why: str = ""


class PushedRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pushed authorization request.  RFC 9126."""

    uri_hash: str
    client_id: str
    parameters: dict[str, str]
    dpop_jkt: str = ""
    created_at: Instant
    expires_at: Instant
    consumed_at: Instant | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer's browser session."""

    session_hash: str
    user_id: str
    authenticated_at: Instant
    expires_at: Instant


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
    created_at: Instant
    expires_at: Instant
    consumed_at: Instant | None = None


class RefreshToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A refresh token: one long-lived hash a grant, not rotated.  FAPI 2.0 SP §5.3.2.1-9."""

    token_hash: str
    grant_id: str
    client_id: str
    user_id: str
    scopes: tuple[str, ...]
    authenticated_at: Instant
    created_at: Instant
    expires_at: Instant
    revoked_at: Instant | None = None
