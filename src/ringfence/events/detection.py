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


class ResponseChanged(msgspec.Struct, frozen=True, tag="response.changed.v1", tag_field="event", gc=False):
    """Something was done about an alert, waits for a person, or was taken back.

    With the kind `open-case` nothing else is done: whoever keeps cases follows this event.
    """

    at: Instant
    correlation: str
    response: str
    kind: str
    """`step-up`, `throttle`, `block`, `revoke`, `end-logins`, `suspend` or `open-case`."""
    of: str
    """What it is about: `user`, `client`, `grant` or `network`."""
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
