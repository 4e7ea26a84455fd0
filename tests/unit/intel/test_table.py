import ipaddress
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.clock import Instant
from ringfence.intel.indicator import Indicator, network
from ringfence.intel.table import NEVER, UNLISTED, FeedSet, Listing, Unusable, join, load

NOW = Instant(1000.0)


def feed(name: str, *texts: str, action: str = "tag", expires_at: float = 0.0) -> FeedSet:
    listed = tuple(Indicator(*network(text), 80, Instant(expires_at)) for text in texts)
    return FeedSet(name, action, listed)  # type: ignore[arg-type]


def test_an_address_is_found_in_every_feed_that_names_it() -> None:
    table = load(
        join(
            [
                feed("a", "203.0.114.0/24", "2a00::/32"),
                feed("b", "203.0.114.7", "203.0.114.128/25", action="refuse"),
                feed("c", "203.0.114.200", action="step-up"),
            ]
        )
    )
    assert table.of("203.0.114.1", NOW) == Listing(("a",), "tag")
    assert table.of("203.0.114.7", NOW) == Listing(("a", "b"), "refuse")
    assert table.of("::ffff:203.0.114.7", NOW) == Listing(("a", "b"), "refuse")
    assert table.of("203.0.114.200", NOW) == Listing(("a", "b", "c"), "refuse")
    assert table.of("2a00:0:1::9", NOW) == Listing(("a",), "tag")
    for outside in ("203.0.113.255", "203.0.115.0", "2a01::1", "unix", ""):
        assert table.of(outside, NOW) is UNLISTED


def test_what_is_allowed_no_feed_can_name() -> None:
    allow = [network("203.0.114.64/26"), network("2a00:1::/32")]
    table = load(join([feed("a", "203.0.114.0/24", "203.0.114.70", "2a00::/20")], allow))
    assert table.of("203.0.114.63", NOW).feeds == ("a",)
    assert table.of("203.0.114.64", NOW) is UNLISTED
    assert table.of("203.0.114.70", NOW) is UNLISTED
    assert table.of("203.0.114.128", NOW).feeds == ("a",)
    assert table.of("2a00:1::5", NOW) is UNLISTED
    assert table.of("2a00:2::5", NOW).feeds == ("a",)


def test_entries_end_at_their_time_in_a_table_that_nobody_writes_anew() -> None:
    table = load(join([feed("a", "203.0.114.7", expires_at=2000.0), feed("b", "203.0.114.8")], (), NOW))
    assert table.of("203.0.114.7", Instant(1999.0)).feeds == ("a",)
    assert table.of("203.0.114.7", Instant(2000.0)) is UNLISTED
    assert table.of("203.0.114.8", Instant(float(NEVER) + 1)).feeds == ("b",)
    assert load(join([feed("a", "203.0.114.7", expires_at=900.0)], (), NOW)).ranges == 0


def test_a_damaged_file_is_not_used() -> None:
    data = join([feed("a", "203.0.114.7")])
    for at in range(0, len(data), 7):
        broken = bytearray(data)
        broken[at] ^= 1
        with pytest.raises(Unusable):
            load(bytes(broken))
    for cut in (b"", data[:30], data[:-1], data + b"x"):
        with pytest.raises(Unusable):
            load(cut)


def test_memory_of_addresses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringfence.intel.table.MOST_REMEMBERED", 10)
    table = load(join([feed("a", "203.0.114.0/24")]))
    for last in range(256):
        assert table.of(f"203.0.114.{last}", NOW).feeds == ("a",)
    assert len(table._remembered) <= 10


networks = st.builds(
    lambda number, bits: str(ipaddress.IPv4Network(((203 << 24) + (113 << 16) + number, bits), strict=False)),
    st.integers(0x8000, 0x8FFF),
    st.integers(20, 32),
)


@given(st.lists(st.lists(networks, max_size=8), min_size=1, max_size=4), st.lists(networks, max_size=3), st.randoms())
def test_the_table_says_what_the_feeds_say(lists: list[list[str]], allow: list[str], chance: random.Random) -> None:
    table = load(join([feed(f"f{i}", *texts) for i, texts in enumerate(lists)], [network(text) for text in allow]))
    edges = [ipaddress.ip_network(text) for texts in (*lists, allow) for text in texts]
    tried = {int(e.network_address) + d for e in edges for d in (-1, 0, 1)} | {
        int(e.broadcast_address) + 1 for e in edges
    }
    tried |= {(203 << 24) + (113 << 16) + chance.randrange(0x8000, 0x9000) for _ in range(20)}
    for number in tried:
        address = ipaddress.IPv4Address(number)
        free = any(address in ipaddress.ip_network(text) for text in allow)
        named = tuple(
            f"f{i}" for i, texts in enumerate(lists) if any(address in ipaddress.ip_network(t) for t in texts)
        )
        assert table.of(str(address), NOW).feeds == (() if free else named)
