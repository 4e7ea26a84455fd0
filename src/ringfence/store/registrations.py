"""What is kept of clients that register themselves, as frozen structs.  RFC 7591 §3; RFC 7592 §3."""

from typing import Any, Final

import msgspec

from ringfence.clock import Instant

NAME: Final = "name"
STATEMENT: Final = "statement"
"""What there can only be one of: the text of `store.interface.AlreadyThere`."""


class Registration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a client manages itself, and what was said about it when it registered."""

    client_id: str
    token_hash: str
    """SHA-256 in hex of the registration access token that counts now."""
    statement_issuer: str = ""
    """Who vouches for it; empty without a software statement."""
    software_id: str = ""
    statement_claims: dict[str, Any] = {}
    """What the statement says, by the names of client metadata: a later request changes none of it."""
    statement_expires_at: Instant | None = None
    described: dict[str, Any] = {}
    """Metadata that we only repeat: contacts, addresses of pages, versions."""
    created_at: Instant
    changed_at: Instant


class UsedStatement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A software statement that a client was registered with, remembered as long as it could come again."""

    statement_hash: str
    client_id: str
    expires_at: Instant


class Invitation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An initial access token: who holds it may register some clients.  RFC 7591 §3."""

    token_hash: str
    name: str
    """For whom it was made."""
    uses_left: int
    created_at: Instant
    expires_at: Instant


class Logo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client's picture, as it was fetched when it registered."""

    client_id: str
    media_type: str
    image: str
    """Base64."""


class Permission(msgspec.Struct, frozen=True):
    """What a registration uses up, in the transaction that keeps the client."""

    invitation_hash: str = ""
    statement: UsedStatement | None = None
