"""What detection saw and what was done about it."""

import msgspec

from ringfence.clock import Instant


class AlertRaised(msgspec.Struct, frozen=True, tag="alert.raised.v1", tag_field="event", gc=False):
    """A rule fired. Told at least once; the same alert has the same id."""

    at: Instant
    """The time of the event that raised it."""
    correlation: str
    """Of that event."""
    alert: str
    rule: str
    level: str
    mode: str
    title: str
    explanation: str
    client: str = ""
    user: str = ""
    grant: str = ""
    network: str = ""


class AlertDisposed(msgspec.Struct, frozen=True, tag="alert.disposed.v1", tag_field="event", gc=False):
    """A person looked at an alert and said what it was."""

    at: Instant
    correlation: str
    alert: str
    disposition: str
    actor: str


class RiskCleared(msgspec.Struct, frozen=True, tag="risk.cleared.v1", tag_field="event", gc=False):
    """An operator had forgotten what was seen of somebody until then."""

    at: Instant
    correlation: str
    kind: str
    """`user`, `client`, `grant`, `network` or `name`."""
    value: str
    score: float
    """The risk at that moment, from 0 to 1."""
    why: str
    actor: str


class BaselineLoaded(msgspec.Struct, frozen=True, tag="baseline.loaded.v1", tag_field="event", gc=False):
    """Anomaly detection goes on from a file of what is usual, that the policy names."""

    at: Instant
    correlation: str
    sha256: str
    """Of its content."""
    version: str
    trained_from: float
    """Seconds since 1970, as the next."""
    trained_until: float
    entities: int


class BlockChanged(msgspec.Struct, frozen=True, tag="block.changed.v1", tag_field="event", gc=False):
    """Something is kept out for a while, or let in again."""

    at: Instant
    correlation: str
    kind: str
    """`network`, `user` or `client`."""
    value: str
    until: float
    """Until when; 0: let in again."""
    why: str
    actor: str
