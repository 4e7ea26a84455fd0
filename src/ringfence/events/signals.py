"""Security events that go to clients, and that others send us."""

import msgspec

from ringfence.clock import Instant


class SignalPushed(msgspec.Struct, frozen=True, tag="signal.pushed.v1", tag_field="event", gc=False):
    """A security event was pushed to its receiver, the first attempt of several failed, or it was given up."""

    at: Instant
    correlation: str
    client: str
    jti: str
    delivered: bool
    attempts: int
    """Failed ones, in a row."""
    given_up: bool = False
    """The receiver would not have it, and it is not sent again."""
    private: str = ""
    """Why it failed, in the receiver's words where it had any; for us only."""


class SignalReceived(msgspec.Struct, frozen=True, tag="signal.received.v1", tag_field="event", gc=False):
    """A security event of somebody whom the policy names was taken, and what it calls for is done."""

    at: Instant
    correlation: str
    transmitter: str
    kind: str
    """Its type, the last part of the URI."""
    jti: str
    outcome: str
    """`acts`, `noted`, `nobody` or `harmless`."""
    user: str = ""
    session: str = ""
    client: str = ""
    effects: tuple[str, ...] = ()
    network: str = ""
