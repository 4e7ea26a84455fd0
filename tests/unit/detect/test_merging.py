import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.detect.merging import MERGED, Merging

HOUR = 3600.0
NOW = 1_800_000_000.0  # begins an hour


def alert(n: int, at: float = 0.0, rule: str = "r", mode: str = "alert", **group: str) -> Alert:
    return Alert(f"a{n}", rule, Instant(NOW + at), n, "low", mode, "t", group or {"network": f"n{n}"}, {}, "e", ())  # type: ignore[arg-type]


def test_what_is_over_is_counted_and_told_when_it_begins_and_when_the_hour_is_over() -> None:
    merging = Merging(10)
    passed = [one for n in range(25) for one in merging.passing([alert(n)])]
    assert [one.rule for one in passed] == ["r"] * 10 + [MERGED]
    assert passed[-1].group == {"rule": "r"}
    assert merging.next_over == NOW + HOUR
    assert merging.over(NOW + HOUR - 1, 30) == []
    (told,) = merging.over(NOW + HOUR, 31)
    assert (told.measures, told.position, told.mode) == ({"merged": 15.0}, 31, "alert")
    assert merging.over(NOW + 2 * HOUR, 32) == []
    assert merging.passing([alert(40, HOUR + 1)]) == [alert(40, HOUR + 1)]


@pytest.mark.parametrize(
    "kept",
    [
        lambda n: alert(n, mode="enforce"),
        lambda n: alert(n, client=f"c{n}"),
        lambda n: alert(n, rule="anomaly"),
    ],
)
def test_what_is_answered_or_about_a_client_or_has_a_budget_is_never_merged(kept) -> None:  # type: ignore[no-untyped-def]
    merging = Merging(10)
    assert len([one for n in range(50) for one in merging.passing([kept(n)])]) == 50


def test_each_rule_has_its_own_hour_and_a_late_alert_begins_none() -> None:
    merging = Merging(10)
    for n in range(12):
        merging.passing([alert(n, HOUR)])
    assert merging.passing([alert(50, HOUR, "other")]) != []
    assert merging.passing([alert(51, 0.0)]) == [], "from the hour before, and counted"
    (told,) = merging.over(NOW + 2 * HOUR, 60)
    assert told.measures == {"merged": 3.0}


def test_a_snapshot_is_gone_on_from() -> None:
    one, two = Merging(10), Merging(10)
    for n in range(15):
        one.passing([alert(n)])
    two.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(one.snapshot())))
    assert two.passing([alert(16)]) == one.passing([alert(16)]) == []
    assert two.over(NOW + HOUR, 9) == one.over(NOW + HOUR, 9) != []
