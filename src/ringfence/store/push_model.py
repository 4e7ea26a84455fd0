"""What is kept of a stream whose events are pushed: where to, how it stands, and who is at it.  RFC 8935 §2; OpenID Shared Signals Framework §6.1.1."""

import msgspec

from ringfence.clock import Instant


class SignalPush(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a stream's events are pushed."""

    stream_id: str
    client_id: str
    """Whose stream it is."""
    endpoint_url: str
    sealed: str = ""
    """What goes into the `Authorization` field, sealed to the stream; empty: nothing does."""
    due_at: Instant = Instant(0.0)
    """Before this it is not tried again."""
    attempts: int = 0
    """Since the last event that was taken."""
    refusals: int = 0
    """How often the receiver has refused the next event for what it is."""
    error: str = ""
    """Why the last attempt failed, in the receiver's words where it had any."""
    failing_since: Instant | None = None
    accepted: int = 0
    """Events that the receiver has taken."""
    accepted_at: Instant | None = None
    """When it took the last one."""
    refused: int = 0
    """Events that were let go of because the receiver would not have them."""
    pusher: str = ""
    """Who is at it; empty: nobody."""
    pusher_until: Instant = Instant(0.0)


class PassedOver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer whom a stream leaves out.  OpenID Shared Signals Framework §8.1.3.3."""

    stream_id: str
    user_id: str


class StreamState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stream with all that is known of it."""

    client_id: str
    stream_id: str
    status: str
    reason: str
    dropped: int
    created_at: Instant
    verified_at: Instant | None
    pending: int
    """Events that wait."""
    oldest_at: Instant | None
    """When the first of them was signed."""
    push: SignalPush | None
    """None: the client polls."""
