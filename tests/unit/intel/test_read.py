import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.intel import read as reading
from ringfence.intel.indicator import Malformed
from ringfence.intel.read import read
from ringfence.policy.intelligence_model import Feed

CAME = Instant(1_800_000_000.0)


def test_what_is_not_sure_enough_or_over_is_left_out() -> None:
    feed = Feed(path="x", format="csv", network_column="ip", confidence_column="c", least_confidence=50)
    document = b"ip,c\n203.0.114.7,49\n203.0.114.8,50\n"
    found = read(feed, [document], CAME, CAME)
    assert ([one.first & 0xFF for one in found.indicators], found.skipped) == ([8], 1)
    assert found.indicators[0].expires_at == CAME + feed.expires_after_seconds
    assert read(feed, [document], CAME, Instant(CAME + feed.expires_after_seconds)).indicators == ()


@pytest.mark.parametrize(
    ("feed", "document"),
    [
        (Feed(path="x"), b"203.0.114.7"),
        (Feed(path="x", format="misp"), b'{"Attribute": [{"type": "ip-src", "value": "203.0.114.7", "to_ids": true}]}'),
        (
            Feed(path="x", format="stix"),
            msgspec.json.encode(
                {
                    "type": "bundle",
                    "objects": [{"type": "indicator", "id": "1", "pattern": "[ipv4-addr:value = '203.0.114.7']"}],
                }
            ),
        ),
    ],
)
def test_each_format_is_read(feed: Feed, document: bytes) -> None:
    assert [one.first & 0xFF for one in read(feed, [document], CAME, CAME).indicators] == [7]


def test_agents_that_fit_everybody_are_skipped_and_too_many_of_them_refused() -> None:
    feed = Feed(path="x", about="user-agent")
    assert read(feed, [b"sqlmap\n.*\n"], CAME, CAME).agents == ("sqlmap",)
    assert read(feed, [b"sqlmap\n(\n"], CAME, CAME).mistake.startswith("pattern 2")
    with pytest.raises(Malformed, match=r"pattern 1: '\.' fits any"):
        read(feed, [b".\n..*\n"], CAME, CAME)


def test_a_feed_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_ENTRIES", 1)
    monkeypatch.setattr(reading, "MOST_AGENTS", 1)
    with pytest.raises(Malformed, match="2 entries"):
        read(Feed(path="x"), [b"203.0.114.7\n203.0.114.8"], CAME, CAME)
    with pytest.raises(Malformed, match="2 patterns"):
        read(Feed(path="x", about="user-agent"), [b"a\nb"], CAME, CAME)
