"""What is kept of partners' streams of security events, and of events that are not yet acknowledged.  OpenID Shared Signals Framework §8.1."""

from typing import Literal

import msgspec

from ringfence.clock import Instant


class SignalStream(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one stream of a client."""

    stream_id: str
    client_id: str
    status: Literal["enabled", "paused", "disabled"] = "enabled"
    reason: str = ""
    """What the client says of its status."""
    description: str = ""
    events_requested: tuple[str, ...] = ()
    """Event types that it wants; empty: all that there are."""
    dropped: int = 0
    """How many of its events were given up because it left too many unacknowledged."""
    created_at: Instant
    verified_at: Instant | None = None
    """When it last asked for a verification event."""


class PendingSignal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signed event that its receiver has not acknowledged.  RFC 8936 §2."""

    stream_id: str
    jti: str
    token: str
    """The whole SET, so that it is the same each time it is given out."""
    created_at: Instant
