"""What operators and Ringfence itself did."""

import msgspec

from ringfence.clock import Instant


class AdminActed(msgspec.Struct, frozen=True, tag="admin.acted.v1", tag_field="event", gc=False):
    """A change over the management API, or one that was refused there."""

    at: Instant
    correlation: str
    actor: str
    """Operating-system user that called, `uid:<n>`."""
    action: str
    """For example `client.added`."""
    subject: str
    """Identifier of what was changed."""
    outcome: str = "done"
    """`done`, or the reason why it was refused; then `action` is the method and the path's template."""
    count: int = 1
    """More than one where refused calls came faster than they are put on record one by one."""


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
