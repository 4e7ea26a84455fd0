"""Requests that customers answer without a redirect, and what is posted to clients."""

import msgspec

from ringfence.clock import Instant


class BackchannelAsked(msgspec.Struct, frozen=True, tag="backchannel.asked.v1", tag_field="event", gc=False):
    """A client asks a customer who is not here: whoever tells customers of it reads this."""

    at: Instant
    correlation: str
    consent: str
    client: str
    user: str
    """Empty where the client's hint names nobody."""
    expires_at: Instant


class NoticeDelivered(msgspec.Struct, frozen=True, tag="notice.delivered.v1", tag_field="event", gc=False):
    """Something was posted to a client, or given up."""

    at: Instant
    correlation: str
    kind: str
    """`ping` or `logout`."""
    client: str
    delivered: bool
    attempts: int
    session: str = ""
    private: str = ""
    """Why the last attempt failed; for us only."""
