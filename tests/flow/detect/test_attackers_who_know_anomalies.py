"""What becomes of attackers who know how anomalies are found: what still sees them, and what does not."""

import random
from collections.abc import Iterable, Iterator

import pytest

from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.detect.anomaly.detector import AnomalyDetector, Settings
from ringfence.detect.detection import Detection
from ringfence.detect.load import in_force, shipped
from ringfence.events import Event
from ringfence.events.calls import CallDecided
from ringfence.events.tokens import TokenDecided
from ringfence.simulation.rhythm import DAY, HOUR
from ringfence.simulation.traffic import START, Simulation
from ringfence.store.risk import entity_key

DAYS, PARTNER = 8, "partner-000"


@pytest.fixture(scope="module")
def honest() -> list[Event]:
    return [told.event for told in Simulation(60, random.Random(41)).run(DAYS + 1, [])]


@pytest.fixture(scope="module")
def state(honest: list[Event]) -> bytes:
    detector = AnomalyDetector()
    for position, event in enumerate(honest, 1):
        if event.at < START + DAYS * DAY:
            detector.feed(position, event)
    return detector.snapshot()


def reads(at: float, count: int, size: int, client: str = PARTNER, network: str = "198.51.100.66") -> Iterator[Event]:
    for n in range(count):
        yield CallDecided(
            Instant(START + at + n * 290.0 / max(1, count)), f"x{n}", "t", allowed=True, status=200,
            method="GET", operation="ReadTransactions", client=client, user=f"user-{n:06d}", grant=f"grant-{n}", network=network,
            response_bytes=size,
        )  # fmt: skip


def raid(at: float) -> Iterator[Event]:
    """Twenty minutes of bulk reading."""
    for window in range(4):
        yield from reads(at + window * 300, 100, 400_000)


def found(events: Iterable[Event], state: bytes = b"", settings: Settings | None = None) -> list[Alert]:
    detector = AnomalyDetector(settings or Settings())
    if state:
        detector.restore(state)
    ordered = sorted(events, key=lambda event: event.at)
    told = [alert for position, event in enumerate(ordered, 10**6) for alert in detector.feed(position, event)]
    return told + detector.quiet


def clients(alerts: Iterable[Alert]) -> set[str]:
    return {alert.group.get("client", "") for alert in alerts} - {""}


def test_a_raid_without_preparation_is_seen(state: bytes) -> None:
    assert PARTNER in clients(found([*raid(DAYS * DAY + 3 * HOUR), *reads(DAYS * DAY + 4 * HOUR, 1, 1)], state))


def test_who_poisons_the_week_before_at_the_same_hour_is_not_seen_and_who_did_so_for_an_hour_is(
    honest: list[Event],
) -> None:
    """All points are kept, so a week of the same is what is usual: known, and why rules have absolute floors."""

    def after(preparation: list[Event]) -> set[str]:
        events = [*honest, *preparation, *raid(DAYS * DAY + 3 * HOUR), *reads(DAYS * DAY + 4 * HOUR, 1, 1)]
        return clients(a for a in found(events) if a.at > START + DAYS * DAY + 3 * HOUR)

    hours = [day * DAY + 3 * HOUR + part * 1200 for day in range(DAYS) for part in range(3)]
    poisoned = [event for at in hours for event in raid(at)]
    assert PARTNER not in after(poisoned), "the bound of what this sees"
    assert PARTNER in after(list(raid(7 * DAY + 10 * HOUR))), "one hour of it is not enough"


def test_what_is_poisoned_in_the_learning_week_is_told_once_learning_ends(honest: list[Event]) -> None:
    """An attacker has to be there before, each day: as soon as alarms are told the second day of it is one."""
    late = [event for day in (7, 8) for event in raid(day * DAY + 3 * HOUR)]
    alarms = found([*honest, *late, *reads(9 * DAY - 400, 1, 1)])
    assert PARTNER in clients(alarms)


def like_a_refresh(at: float) -> Iterator[Event]:
    """What a partner does for a customer four times a day, in its order."""
    who = {"client": PARTNER, "user": "user-000000", "grant": "grant-000000-x", "network": "198.51.100.66"}
    yield TokenDecided(Instant(START + at), "t", endpoint="TOKEN", allowed=True, grant_type="refresh_token", **who)
    for n, (operation, size) in enumerate(
        (("ListAccounts", 1200), ("ReadBalances", 500), ("ReadTransactions", 24_000))
    ):
        yield CallDecided(
            Instant(START + at + n + 1), "c", "t", allowed=True, status=200, method="GET", operation=operation,
            response_bytes=size, **who,
        )  # fmt: skip


def test_slow_and_low_is_seen_by_its_order_unless_it_keeps_to_the_usual_one(state: bytes, honest: list[Event]) -> None:
    day = [event for event in honest if event.at >= START + DAYS * DAY]
    hours = [DAYS * DAY + hour * HOUR for hour in range(2, 24, 4)]
    before = clients(found(day, state))
    pages = [event for at in range(24) for event in reads(DAYS * DAY + at * HOUR, 1, 24_000)]
    assert PARTNER in clients(found([*day, *pages], state)) - before, "pages alone, without what comes before them"
    refreshes = [event for at in hours for event in like_a_refresh(at)]
    assert clients(found([*day, *refreshes], state)) == before, "the bound of what this sees"


def test_a_flood_shows_in_the_traffic_of_all_and_hides_a_raid_from_this_layer_but_not_from_the_rules(
    state: bytes,
) -> None:
    """Sixty partners at once are a third of all that such a small world has to compare with; all points are kept."""
    flood = [
        event
        for n in range(60)
        for part in range(3)
        for event in reads(DAYS * DAY + 2 * HOUR + part * 300, 30, 200_000, f"flood-{n}", f"198.18.200.{n}")
    ]
    events = [*flood, *raid(DAYS * DAY + 5 * HOUR), *reads(DAYS * DAY + 7 * HOUR, 1, 1)]
    alarms = found(events, state)
    assert {"all": "everyone"} in [alarm.group for alarm in alarms]
    assert PARTNER not in clients(alarms), "the bound of what this sees: until the flood is no longer among the newest"
    detection = Detection(shipped(), 1000)
    ordered = sorted(events, key=lambda event: event.at)
    told = [alert for position, event in enumerate(ordered, 1) for alert in detection.feed(position, event)]
    assert ("bulk-reading", {"client": PARTNER}) in [(alert.rule, alert.group) for alert in told]
    assert entity_key("client", PARTNER) in detection.risk.rows()


def test_a_flood_of_names_makes_it_forget_who_was_quiet_and_says_so(state: bytes) -> None:
    detector = AnomalyDetector(Settings(most_entities=300))
    detector.restore(state)
    for n in range(2000):
        for event in reads(DAYS * DAY + n, 1, 500, f"n{n}", f"10.{n // 250}.{n % 250}.1"):
            detector.feed(10**6 + n, event)
    assert detector.status().forgotten > 1000
    assert detector.status().entities <= 300


def test_whatever_is_found_leads_to_risk_and_never_to_an_act(state: bytes) -> None:
    rules = in_force(shipped(), {rule.rule.id: "enforce" for rule in shipped()})
    detection = Detection(rules, 1000)
    detection.anomalies.restore(state)
    events = [*raid(DAYS * DAY + 3 * HOUR), *reads(DAYS * DAY + 4 * HOUR, 1, 1)]
    told = [alert for position, event in enumerate(events, 10**6) for alert in detection.feed(position, event)]
    anomalies = [alert for alert in told if alert.rule.startswith("anomaly")]
    assert anomalies
    assert {alert.mode for alert in anomalies} == {"alert"}
    assert not {rule.rule.id for rule in rules} & {alert.rule for alert in anomalies}, "only a rule has responses"
    assert entity_key("client", PARTNER) in detection.risk.rows()


def test_the_shipped_rules_see_the_poisoner(honest: list[Event]) -> None:
    """What a poisoned week hides from this layer has a floor in bytes in the other."""
    detection = Detection(shipped(), 1000)
    raids = (event for part in range(3) for event in raid(DAYS * DAY + 3 * HOUR + part * 1200))
    told = [alert.rule for position, event in enumerate(raids, 1) for alert in detection.feed(position, event)]
    assert "bulk-reading" in told
