"""What is done with keys, and what becomes of them."""

import msgspec

from ringfence.clock import Instant


class KeyUsed(msgspec.Struct, frozen=True, tag="key.used.v1", tag_field="event", gc=False):
    """A role used a key so many times since the last such event, about a second before."""

    at: Instant
    key: str
    kid: str
    purpose: str
    role: str
    operation: str
    """sign, sign-token, mac, wrap, generate, unwrap or forget."""
    count: int
    first_at: Instant
    last_at: Instant
    client: str = ""
    """Whose key it is alone, if one's."""


class KeyRefused(msgspec.Struct, frozen=True, tag="key.refused.v1", tag_field="event", gc=False):
    """The signer refused something: the first time at once, then once a minute so many times the same."""

    at: Instant
    role: str
    """Whose socket it came in on: a role's, or `operators`."""
    by: str
    """`uid:<n>` of the process that asked, as the kernel says."""
    operation: str
    """What was asked, for example unwrap, approve or rotate; `connect` of a process that is another user's."""
    purpose: str
    """Of the key, where the request names one that there is."""
    reason: str
    """not-allowed, unknown, failed, state, exhausted, approval, malformed or shredded; `others` stands for all that there
    was no room for."""
    count: int
    first_at: Instant
    last_at: Instant


class KeyApproved(msgspec.Struct, frozen=True, tag="key.approved.v1", tag_field="event", gc=False):
    """An operator approved that a key be declared compromised, or something else that takes two."""

    at: Instant
    wish: str
    key: str
    by: str
    """`uid:<n>` of the operator, as the kernel says."""
    count: int
    """How many have approved it now."""


class DataShredded(msgspec.Struct, frozen=True, tag="data.shredded.v1", tag_field="event", gc=False):
    """Every data key of one tenant was destroyed: what they protected is lost for good."""

    at: Instant
    wish: str
    """What two operators approved."""
    data_keys: int
    by: str
    """`uid:<n>` of the operators."""
    why: str
    client: str = ""
    user: str = ""
    """The tenant: one of the two, or neither for what all share."""


class KeyChanged(msgspec.Struct, frozen=True, tag="key.changed.v1", tag_field="event", gc=False):
    """A key was made, or has another state (NIST SP 800-57 part 1 §7)."""

    at: Instant
    key: str
    kid: str
    purpose: str
    state: str
    by: str = ""
    """`uid:<n>` of the operators, or `schedule`."""
    why: str = ""
    client: str = ""
    """Whose key it is alone, if one's."""
