from ringfence.clock import Instant
from ringfence.intel.agents import Agents
from ringfence.intel.indicator import Indicator, network
from ringfence.intel.lookup import Joined, NoFeeds
from ringfence.intel.table import UNLISTED, FeedSet, Listing, join, load

NOW = Instant(1.0)


def test_a_user_agent_adds_its_feeds_and_asks_for_nothing() -> None:
    table = load(join([FeedSet("nets", "refuse", (Indicator(*network("203.0.114.7")),))]))
    joined = Joined(table, Agents([("sqlmap", "tools")]))
    assert joined.of("203.0.114.7", "x", NOW) == Listing(("nets",), "refuse")
    assert joined.of("203.0.114.7", "sqlmap", NOW) == Listing(("nets", "tools"), "refuse")
    assert joined.of("203.0.114.8", "sqlmap", NOW) == Listing(("tools",), "tag")
    assert joined.of("203.0.114.8", "x", NOW) is UNLISTED
    assert NoFeeds().of("203.0.114.7", "sqlmap", NOW) is UNLISTED
