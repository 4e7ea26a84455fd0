import msgspec

from ringfence.clock import Instant
from ringfence.detect.detection import Detection
from ringfence.detect.load import shipped
from ringfence.events.calls import CallDecided
from ringfence.events.detection import RiskCleared
from ringfence.store.risk import entity_key

NOW = 1_800_000_000.0


def missed(n: int) -> CallDecided:
    return CallDecided(
        Instant(NOW + n), f"c{n}", "t", allowed=False, status=404, reason="unknown-path", path=f"/p{n}", network="192.0.2.1"
    )  # fmt: skip


def test_an_alert_becomes_risk_and_one_snapshot_holds_both() -> None:
    one = Detection(shipped(), 1000)
    for n in range(9):
        assert one.feed(n + 1, missed(n)) == []
    two = Detection(shipped(), 1000)
    two.restore(one.snapshot())
    assert [a.rule for a in two.feed(10, missed(9))] == [a.rule for a in one.feed(10, missed(9))] == ["path-probing"]
    assert two.risk.rows() == one.risk.rows()
    assert entity_key("network", "192.0.2.1") in one.risk.rows()
    two.feed(11, RiskCleared(Instant(NOW + 20), "c", "network", "192.0.2.1", 0.3, "known", "uid:0"))
    assert two.risk.rows() == {}


def test_a_snapshot_of_rules_alone_is_gone_on_from() -> None:
    one, two = Detection(shipped(), 1000), Detection(shipped(), 1000)
    for n in range(9):
        one.feed(n + 1, missed(n))
    two.restore(one.engine.snapshot())
    assert [alert.rule for alert in two.feed(10, missed(9))] == ["path-probing"]


def from_many_networks(detection: Detection, networks: int, begin: float = 0.0, first: int = 1) -> list[str]:
    found, position = [], first
    for network in range(networks):
        for n in range(10):
            event = msgspec.structs.replace(
                missed(n), at=Instant(NOW + begin + network), network=f"10.0.{network >> 8}.{network & 255}"
            )
            found += [alert.rule for alert in detection.feed(position, event)]
            position += 1
    return found


def test_a_flood_of_alerts_is_counted_and_told_and_each_of_them_is_risk() -> None:
    rules = [rule for rule in shipped() if rule.rule.id == "path-probing"]
    one, two = (Detection(rules, 1000, None, alerts_an_hour=20) for _ in range(2))
    found = from_many_networks(one, 60)
    assert found == ["path-probing"] * 20 + ["alerts-merged"]
    assert entity_key("network", "10.0.0.59") in one.risk.rows()
    two.restore(one.snapshot())
    for detection in (one, two):
        later = from_many_networks(detection, 3, 2 * 3600.0, 10_000)
        assert later == ["alerts-merged", "path-probing", "path-probing", "path-probing"]
