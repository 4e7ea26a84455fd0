from ringfence.admin.ports import NoKnownFeeds
from ringfence.clock import Instant
from ringfence.intel.status import Status
from ringfence.intel.table import UNLISTED


def test_where_no_feeds_are_nothing_is_said() -> None:
    assert NoKnownFeeds().status() == Status()
    assert NoKnownFeeds().of("203.0.114.7", Instant(1.0)) is UNLISTED
    assert NoKnownFeeds().ask() is None
