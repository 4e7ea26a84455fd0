"""What operators and Ringfence itself did."""

import msgspec

from ringfence.clock import Instant


class AdminActed(msgspec.Struct, frozen=True, tag="admin.acted.v1", tag_field="event", gc=False):
    """A change over the management API."""

    at: Instant
    correlation: str
    actor: str
    """Operating-system user that called, `uid:<n>`."""
    action: str
    """For example `client.added`."""
    subject: str
    """Identifier of what was changed."""


class PolicyLoaded(msgspec.Struct, frozen=True, tag="policy.loaded.v1", tag_field="event", gc=False):
    """A policy took effect, or was refused while the old one kept running."""

    at: Instant
    digest: str
    """SHA-256 of the policy file in hex."""
    accepted: bool
    mistakes: tuple[str, ...] = ()


class RoleExited(msgspec.Struct, frozen=True, tag="role.exited.v1", tag_field="event", gc=False):
    """A process of ours ended unasked and is being started again."""

    at: Instant
    role: str
    code: int
    """Exit status; negative: the signal's number."""
    restart_in: float
    """Seconds until it is started again."""
