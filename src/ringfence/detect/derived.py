"""What follows from an event and from those before it: facts that rules count like events, and that are in no stream."""

import msgspec

from ringfence.clock import Instant


class LoginUnfamiliar(msgspec.Struct, frozen=True, tag="login.unfamiliar.v1", tag_field="event", gc=False):
    """A customer logged in from where, or with what, that customer never did before; or after many wrong passwords."""

    at: Instant
    correlation: str
    user: str
    network: str
    client: str = ""
    agent: str = ""
    new_agent: bool = False
    """With a user agent that this customer's earlier logins did not have."""
    new_neighbourhood: bool = False
    """From a /24 or /48 that they did not come from."""
    failures: int = 0
    """Wrong passwords for the same name in the half hour before."""
    signs: int = 0
    """How many of these three speak for somebody else: the user agent, the neighbourhood, five wrong passwords."""


class CustomerTravelled(msgspec.Struct, frozen=True, tag="customer.travelled.v1", tag_field="event", gc=False):
    """Two logins of one customer after one another, from two places."""

    at: Instant
    correlation: str
    user: str
    network: str
    km: int
    """Along the surface."""
    kmh: int
    """What it takes to get from the one to the other in the time between."""


class ClientNovel(msgspec.Struct, frozen=True, tag="client.novel.v1", tag_field="event", gc=False):
    """A client that has been known for a while did something that it never did before."""

    at: Instant
    correlation: str
    client: str
    network: str
    what: str
    """`operation`, `neighbourhood` or `agent`."""
    value: str


Derived = LoginUnfamiliar | CustomerTravelled | ClientNovel
