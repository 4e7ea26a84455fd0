from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.detect.chart import AFTER, BEFORE, chart, span
from ringfence.detect.load import shipped
from ringfence.detect.window import BUCKETS
from ringfence.events import CallDecided, LoginDecided

RULES = {rule.rule.id: rule for rule in shipped()}
PROBING = RULES["path-probing"]
AT = Instant(1_800_000_000.0)


def missed(at: float, path: str, network: str = "192.0.2.1") -> CallDecided:
    return CallDecided(
        Instant(at), "c", "t", allowed=False, status=404, reason="unknown-path", path=path, network=network
    )


def raised(rule=PROBING, **group: str) -> Alert:
    return Alert("alert_1", rule.rule.id, AT, 9, "high", "alert", "t", group, {}, "e", ())


def test_bars_are_what_the_group_did_in_each_bucket() -> None:
    events = [missed(AT - n, f"/p{n}") for n in range(12)]
    events += [missed(AT - 300, "/one"), missed(AT - 300, "/one"), missed(AT, "/x", "192.0.2.9")]
    events.append(missed(AT - 10_000, "/old"))
    drawn = chart(PROBING, raised(network="192.0.2.1"), events)
    (series,) = drawn.series
    assert (series.measure, len(series.bars)) == ("paths", BUCKETS * (BEFORE + 1 + AFTER))
    assert sum(series.bars) == 12 + 1
    assert (series.usual, series.peak) == (0, 10)
    assert drawn.begins_at + drawn.bucket_seconds * drawn.raised <= AT
    assert drawn.begins_at + drawn.bucket_seconds * (drawn.raised + 1) > AT


def test_an_event_of_an_ipv6_address_counts_for_its_network() -> None:
    drawn = chart(PROBING, raised(network="2001:db8:0:1::/64"), [missed(AT, "/p", "2001:db8:0:1::7")])
    assert sum(drawn.series[0].bars) == 1


def test_sums_counts_and_steps_have_their_bars() -> None:
    reading = RULES["bulk-reading"]
    call = CallDecided(
        AT, "c", "t", allowed=True, status=200, method="GET", operation="o", client="k", response_bytes=500
    )
    told = {one.measure: sum(one.bars) for one in chart(reading, raised(reading, client="k"), [call, call]).series}
    assert told["bytes"] == 1000
    guessed = RULES["guessing-succeeded"]
    login = LoginDecided(AT, "c", allowed=False, username_hash="h", reason="login-failed")
    drawn = chart(guessed, raised(guessed, username_hash="h"), [login], complete=False)
    assert [one.measure for one in drawn.series] == ["failed", "passed"]
    assert not drawn.complete


def test_the_span_holds_whole_buckets() -> None:
    begins_at, ends_at = span(PROBING, AT)
    assert (ends_at - begins_at) / PROBING.bucket_seconds == BUCKETS * (BEFORE + 1 + AFTER)
