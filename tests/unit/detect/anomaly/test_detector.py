import itertools
import random
from collections.abc import Iterable

import pytest

from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.detect.anomaly.detector import AnomalyDetector, Settings
from ringfence.events import Event
from ringfence.events.calls import CallDecided
from ringfence.events.logins import LoginDecided
from ringfence.simulation.rhythm import DAY, HOUR
from ringfence.simulation.traffic import START, Simulation

ENTITIES, DAYS = 100, 9


@pytest.fixture(scope="module")
def honest() -> list[Event]:
    return [told.event for told in Simulation(ENTITIES, random.Random(31)).run(DAYS, [])]


def reading(
    at: float, count: int, network: str = "198.51.100.66", client: str = "partner-000", every: float = 4.0
) -> Iterable[Event]:
    """A partner that reads a customer's transactions in bulk, from a new network."""
    for n in range(count):
        yield CallDecided(
            Instant(START + at + n * every), f"x{n}", "t", allowed=True, status=200, operation="ReadTransactions",
            client=client, user=f"user-{n:06d}", grant=f"grant-{n}", network=network, response_bytes=400_000,
        )  # fmt: skip


def feed(detector: AnomalyDetector, events: Iterable[Event], first: int = 1) -> list[Alert]:
    return [alert for position, event in enumerate(events, first) for alert in detector.feed(position, event)]


def test_bulk_reading_is_found_told_in_words_and_nothing_else_is_for_days(honest: list[Event]) -> None:
    detector = AnomalyDetector(Settings(alarms_a_day=10.0))
    before = feed(detector, honest)
    found = feed(detector, reading(DAYS * DAY + 60, 400), len(honest) + 1)
    assert len(before) <= 20, "two days are watched, at a budget of ten"
    groups = [alert.group for alert in found]
    assert {"client": "partner-000"} in groups
    assert {"network": "198.51.100.66"} in groups
    alert = found[groups.index({"client": "partner-000"})]
    assert "KB answered" in alert.explanation
    assert (alert.rule, alert.mode) == ("anomaly", "alert")
    assert alert.at - (START + DAYS * DAY) <= 900
    assert alert.evidence[0][0] > len(honest)
    assert alert.context == {"client": "partner-000"}


def test_nothing_is_told_while_it_learns(honest: list[Event]) -> None:
    detector = AnomalyDetector()
    week = [event for event in honest if event.at < START + 6 * DAY]
    assert feed(detector, itertools.chain(week, reading(6 * DAY, 400))) == []
    assert 0 < detector.status().learning_days_left <= 1


def test_stopped_anywhere_it_goes_on_and_says_the_same_byte_for_byte(honest: list[Event]) -> None:
    events = [*honest, *reading(DAYS * DAY + 60, 300)]
    whole = AnomalyDetector()
    expected = feed(whole, events)
    assert expected
    cuts = [0, 7, len(events) // 3, len(honest) - 5, len(honest) + 100, len(events)]
    detector, found = AnomalyDetector(), []
    for begin, end in itertools.pairwise(cuts):
        again = AnomalyDetector()
        if begin:
            again.restore(detector.snapshot())
        detector = again
        found += feed(detector, events[begin:end], begin + 1)
    assert found == expected
    assert detector.snapshot() == whole.snapshot()


def test_over_the_budget_all_is_in_the_quiet_and_in_one_digest_a_day(honest: list[Event]) -> None:
    detector = AnomalyDetector(Settings(alarms_a_day=1.0))
    feed(detector, honest)
    detector.quiet.clear()
    raids = (
        event
        for n in range(12)
        for event in reading(DAYS * DAY + 600.0 * n, 100, f"198.51.{100 + n}.66", f"partner-{n % 4:03d}")
    )
    told = feed(detector, raids, len(honest) + 1)
    assert len(told) <= 2
    quiet = list(detector.quiet)
    assert len(quiet) > 1
    status = detector.status()
    assert status.overflowed >= len(quiet)
    digest = feed(detector, reading((DAYS + 1) * DAY + 400, 3), 10**6)
    assert [alert.rule for alert in digest if alert.rule == "anomaly-digest"] == ["anomaly-digest"]
    one = next(alert for alert in digest if alert.rule == "anomaly-digest")
    assert one.measures["findings"] >= len(quiet)
    assert all(alert.explanation in one.explanation for alert in quiet)


def test_after_an_alarm_an_entity_raises_none_for_six_hours(honest: list[Event]) -> None:
    detector = AnomalyDetector()
    feed(detector, honest)
    found = feed(detector, reading(DAYS * DAY + 60, 4 * 900), len(honest) + 1)
    assert [alert.group for alert in found].count({"client": "partner-000"}) == 1


def test_room_is_bounded_and_who_went_is_counted() -> None:
    detector = AnomalyDetector(Settings(most_entities=50))
    for n in range(500):
        detector.feed(n + 1, next(iter(reading(n * 10.0, 1, f"10.0.{n // 250}.{n % 250}", f"c{n}"))))
    status = detector.status()
    assert status.entities <= 50
    assert status.forgotten > 500


def test_late_events_count_where_the_watch_is_and_a_window_waits_a_little() -> None:
    detector = AnomalyDetector()
    times = (10.0, 301.0, 299.0, 306.0, 20.0)
    for position, at in enumerate(times, 1):
        detector.feed(position, next(iter(reading(at, 1))))
    assert detector.status().windows_a_day == 4, "one window was judged: user, client, network and everyone"


def test_the_status_says_whether_to_believe_it(honest: list[Event]) -> None:
    detector = AnomalyDetector()
    feed(detector, honest)
    status = detector.status()
    assert (status.budget, status.learning_days_left) == (4.0, 0.0)
    assert status.kinds["user"]["calibration"] > 100
    assert 0 <= status.kinds["client"]["uniformity"] < 0.5
    assert 0 <= status.kinds["client"]["rho"] < 1
    assert status.kinds["user"]["age_days"] == 1
    assert detector.trained_from() == START // DAY * DAY
    assert status.at == pytest.approx(START + DAYS * DAY, abs=HOUR)


@pytest.mark.parametrize("wrong", [10 * DAY, 3 * HOUR])
def test_one_event_from_the_future_blinds_nobody(honest: list[Event], wrong: float) -> None:
    detector = AnomalyDetector(Settings(alarms_a_day=10.0))
    feed(detector, honest)
    feed(detector, reading(DAYS * DAY + wrong, 1, "192.0.2.77", "c"), 10**5)
    found = feed(detector, reading(DAYS * DAY + 60, 400), 10**6)
    assert {"client": "partner-000"} in [alert.group for alert in found]
    assert detector.status().at < START + DAYS * DAY + HOUR


def test_many_events_from_the_future_are_believed_and_forgotten_when_all_say_otherwise(honest: list[Event]) -> None:
    detector = AnomalyDetector()
    feed(detector, honest)
    feed(detector, reading(DAYS * DAY + 10 * DAY, 20, "192.0.2.77", "c"), 10**5)
    assert detector.status().at > START + 18 * DAY
    found = feed(detector, reading(DAYS * DAY + 60, 900), 10**6)
    assert {"client": "partner-000"} in [alert.group for alert in found]
    assert detector.status().at < START + DAYS * DAY + 2 * HOUR
    again = AnomalyDetector()
    again.restore(detector.snapshot())
    assert again.snapshot() == detector.snapshot()


def test_a_flood_of_names_within_a_window_pushes_out_nobody_but_names(honest: list[Event]) -> None:
    detector = AnomalyDetector(Settings(most_entities=1_000))
    feed(detector, honest)
    before = {kind: dict(known) for kind, known in detector._entities.items()}
    flood = (
        LoginDecided(
            Instant(START + DAYS * DAY + n * 0.01), "c", allowed=False, username_hash=f"made-up-{n}",
            network=f"2001:db8:{n:x}::1", reason="login-failed",
        )
        for n in range(5_000)
    )  # fmt: skip
    feed(detector, flood, 10**5)
    for kind in ("client", "user", "everyone"):
        assert detector._entities[kind].keys() == before[kind].keys(), "who was quiet meanwhile is still known"
    assert detector.status().entities <= 1_000
    found = feed(detector, reading(DAYS * DAY + 600, 400), 10**6)
    assert {"client": "partner-000"} in [alert.group for alert in found]


def test_from_a_file_of_more_entities_than_the_policy_lets_in_the_newest_are_taken(honest: list[Event]) -> None:
    large, small = AnomalyDetector(), AnomalyDetector(Settings(most_entities=100))
    feed(large, honest)
    small.restore(large.snapshot())
    assert small.status().entities <= 100
