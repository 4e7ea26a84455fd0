"""How each feed is: written by the process that reads them, shown by the management API."""

import msgspec

from ringfence.clock import Instant


class FeedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One feed."""

    feed: str
    action: str
    entries: int = 0
    """In force."""
    skipped: int = 0
    came_at: Instant | None = None
    """When what is in force came; None: nothing is."""
    tried_at: Instant | None = None
    failure: str = ""
    """Why the last try took nothing; empty: it took, or found it unchanged."""
    mistake: str = ""
    """The first entry that was not understood."""
    digest: str = ""
    """SHA-256 in hex of what is in force."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """All of them."""

    feeds: tuple[FeedStatus, ...] = ()
    ranges: int = 0
    """Of addresses, after joining."""
    written_at: Instant = Instant(0.0)
