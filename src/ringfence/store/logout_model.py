"""What is kept so that the end of a login reaches whoever relies on it, and of signing keys that are believed no more.

OpenID Connect Back-Channel Logout §2.
"""

import msgspec

from ringfence.clock import Instant


class SessionClient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client that was given an ID token in a session: it is told when that ends."""

    sid: str
    client_id: str
    expires_at: Instant
    """When the session ends by itself, of which nobody is told."""


class RevokedKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signing key whose tokens are refused for good: whoever has it can make new ones."""

    kid: str
    why: str = ""
    revoked_at: Instant
