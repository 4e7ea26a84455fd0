"""Clients that register themselves, and what of a client ends soon."""

import msgspec

from ringfence.clock import Instant


class ClientManaged(msgspec.Struct, frozen=True, tag="client.managed.v1", tag_field="event", gc=False):
    """A client is about to be registered, changed or ended by itself; a refusal that follows has the same correlation."""

    at: Instant
    correlation: str
    action: str
    """`registered`, `replaced` or `ended`."""
    client: str
    name: str = ""
    statement_issuer: str = ""
    software_id: str = ""
    network: str = ""


class ClientExpiring(msgspec.Struct, frozen=True, tag="client.expiring.v1", tag_field="event", gc=False):
    """Something that a client needs ends soon, or has ended; told once for each end."""

    at: Instant
    correlation: str
    client: str
    what: str
    """`certificate`, `certificate <kid>` or `software statement`."""
    ends_at: Instant
