"""What becomes of consents."""

import msgspec

from ringfence.clock import Instant


class ConsentMoved(msgspec.Struct, frozen=True, tag="consent.moved.v1", tag_field="event", gc=False):
    """A consent came to another state.  `store.consent_states` has the table."""

    at: Instant
    correlation: str
    consent: str
    state: str
    """The state it came to; the first is `AwaitingAuthorisation`."""
    client: str
    user: str = ""
    grant: str = ""
    text_version: int = 0
    text_sha256: str = ""
    """SHA-256 in hex of the text that the customer decided on; empty before that."""
    why: str = ""
