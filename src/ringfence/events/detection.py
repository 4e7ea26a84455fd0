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
    silenced: str = ""
    """The silence that it falls under: it stands with all others, but nobody is told of it."""


class AlertDisposed(msgspec.Struct, frozen=True, tag="alert.disposed.v1", tag_field="event", gc=False):
    """A person looked at an alert and said what it was."""

    at: Instant
    correlation: str
    alert: str
    disposition: str
    actor: str


class ResponseChanged(msgspec.Struct, frozen=True, tag="response.changed.v1", tag_field="event", gc=False):
    """Something was done about an alert, waits for a person, or was taken back."""

    at: Instant
    correlation: str
    response: str
    kind: str
    """`step-up`, `throttle`, `block`, `revoke`, `end-logins`, `suspend`, `open-case` or `notify`."""
    of: str
    """What it is about: `user`, `client`, `grant` or `network`; of `notify`, `channel`."""
    value: str
    state: str
    """`done`, `held` for a person, `dry-run`, `refused` or `undone`."""
    why: str
    actor: str
    until: float = 0.0
    """When it ends by itself; 0: not by itself."""
    rule: str = ""
    alert: str = ""
    playbook: str = ""


class NotificationAsked(msgspec.Struct, frozen=True, tag="notification.asked.v1", tag_field="event", gc=False):
    """A playbook has somebody told of an alert: whoever brings messages to the channel follows this event.

    Told at least once; the same alert and channel have the same response.
    """

    at: Instant
    correlation: str
    channel: str
    response: str
    alert: str
    rule: str
    level: str
    title: str
    explanation: str
    playbook: str = ""
    client: str = ""
    user: str = ""
    grant: str = ""
    network: str = ""
    silenced: str = ""
    """The silence that the alert falls under: then nobody is told."""


class FeedRefreshed(msgspec.Struct, frozen=True, tag="feed.refreshed.v1", tag_field="event", gc=False):
    """A feed of threat intelligence came anew, came to its end, or did not come: said once for each change."""

    at: Instant
    feed: str
    outcome: str
    """`taken`; `kept`: it could not be had or used, and what is known stays; `ended`: nothing of it is used any more."""
    entries: int = 0
    """In force now."""
    skipped: int = 0
    digest: str = ""
    """SHA-256 in hex of what came."""
    why: str = ""


class CaseChanged(msgspec.Struct, frozen=True, tag="case.changed.v1", tag_field="event", gc=False):
    """A case was opened, added to, merged into another or closed."""

    at: Instant
    correlation: str
    case: str
    action: str
    """`opened`, `added`, `noted`, `merged` or `closed`."""
    actor: str
    alerts: tuple[str, ...] = ()
    """Of the case, where it was opened, or that were added."""
    disposition: str = ""
    into: str = ""


class SilenceChanged(msgspec.Struct, frozen=True, tag="silence.changed.v1", tag_field="event", gc=False):
    """Nobody is told of a rule's alerts about something for a while, or is told again."""

    at: Instant
    correlation: str
    silence: str
    rule: str
    about: tuple[str, ...]
    """`field=value` of the group."""
    until: float
    """Until when; 0: ended."""
    why: str
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
