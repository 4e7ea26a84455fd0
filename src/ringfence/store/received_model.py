"""What is kept of security events that others send us: each once, with what comes of it.  RFC 8417 §2.2; RFC 8935 §2."""

from typing import Literal

import msgspec

from ringfence.clock import Instant

Outcome = Literal["acts", "noted", "nobody", "harmless"]
"""`acts`: something is done; `noted`: the policy has nothing done; `nobody`: it is about nobody whom we know;
`harmless`: what it tells calls for nothing, such as a device that fits the rules again."""


class ReceivedSignal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event that was taken."""

    received_id: str
    """SHA-256 of transmitter and `jti`: the same event is the same row."""
    transmitter: str
    """Its name in the policy."""
    jti: str
    kind: str
    """Event type, a URI."""
    outcome: Outcome
    subject: str = ""
    """Our id of the customer; empty where it is about nobody whom we know."""
    session: str = ""
    """The one login that it is about; empty: all of the customer's."""
    client: str = ""
    """The one client that it is about; empty: all."""
    effects: tuple[str, ...] = ()
    acts: int = 0
    """How many effects there are."""
    correlation: str = ""
    network: str = ""
    """Where it came from; empty where we asked for it."""
    received_at: Instant
    step_up_until: Instant = Instant(0.0)
    due_at: Instant | None
    """When somebody else does what it calls for, should it not be done by then; None: it is done."""
    expires_at: Instant
    """From then on it would be refused for its age."""


class TransmitterState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of somebody who sends us events."""

    name: str
    received: int = 0
    heard_at: Instant | None = None
    """When the last event was taken."""
    verified_at: Instant | None = None
    """When the last verification event was."""
    stream_status: str = ""
    """What it last said of its stream."""
    refused: int = 0
    error: str = ""
    """Why the last one that was refused was."""
    error_at: Instant | None = None
    polled_at: Instant | None = None
    """When it last answered a poll of ours."""
    poll_error: str = ""
    failing_since: Instant | None = None
    """Since when polls fail."""
    poller: str = ""
    poller_until: Instant = Instant(0.0)
