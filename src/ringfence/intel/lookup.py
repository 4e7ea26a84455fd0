"""The one question about a caller: what do feeds say of this network and this user agent?"""

from typing import Protocol

import msgspec

from ringfence.clock import Instant
from ringfence.intel.agents import Agents
from ringfence.intel.table import UNLISTED, Listing, Table


class Lookup(Protocol):
    """Answers it. Does not block."""

    def of(self, address: str, agent: str, now: Instant) -> Listing:
        """Return what is said, nothing where nothing is known."""
        ...


class NoFeeds:
    """For a policy without feeds."""

    def of(self, address: str, agent: str, now: Instant) -> Listing:
        """Return that nothing is said."""
        del address, agent, now
        return UNLISTED


class Joined(msgspec.Struct, frozen=True):
    """A table with its user agents compiled."""

    table: Table
    agents: Agents

    def of(self, address: str, agent: str, now: Instant) -> Listing:
        """Return what is said of both; what a user agent says of itself asks for nothing."""
        listing = self.table.of(address, now)
        named = self.agents.of(agent)
        return Listing((*listing.feeds, *named), listing.action) if named else listing
