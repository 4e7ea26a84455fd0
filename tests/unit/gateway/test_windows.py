from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ringfence.clock import Instant
from ringfence.gateway.windows import span
from ringfence.policy.rules_model import Window


def at(text: str, zone: str = "Europe/London") -> Instant:
    return Instant(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def window(**more: object) -> Window:
    return Window(per=("client",), **more)  # type: ignore[arg-type]


def test_a_day_ends_at_midnight_of_its_zone() -> None:
    day = window(zone="Europe/London")
    before, after = span(day, at("2026-07-01T23:59:59")), span(day, at("2026-07-02T00:00:00"))
    assert after.slot == before.slot + 1
    assert before.since == before.slot
    assert before.expires_at == at("2026-07-02T00:00:00")
    assert before.seconds_until_free(before.slot, at("2026-07-01T23:59:58.5")) == 2


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24), ("2026-12-31", 24)]
)
def test_days_of_23_and_25_hours_are_one_slot(day: str, hours: int) -> None:
    begin = at(f"{day}T00:00:00")
    stands = span(window(zone="Europe/London"), begin)
    assert stands.expires_at - begin == hours * 3600
    assert span(window(zone="Europe/London"), Instant(stands.expires_at - 0.001)).slot == stands.slot
    assert span(window(zone="Europe/London"), stands.expires_at).slot == stands.slot + 1


def test_months_follow_each_other_over_the_year() -> None:
    month = window(window="month", zone="Europe/London")
    december, january = span(month, at("2026-12-31T23:59:59")), span(month, at("2027-01-01T00:00:00"))
    assert january.slot == december.slot + 1
    assert december.expires_at == at("2027-01-01T00:00:00")
    assert span(month, at("2028-02-29T12:00:00")).expires_at == at("2028-03-01T00:00:00")


def test_few_calls_roll_to_the_millisecond() -> None:
    rolling = window(rolling_seconds=86_400)
    first = span(rolling, Instant(1000.0), 4)
    assert span(rolling, Instant(1000.0 + 86_399.999), 4).since <= first.slot
    assert span(rolling, Instant(1000.0 + 86_400.0), 4).since == first.slot + 1
    assert first.seconds_until_free(first.slot, Instant(1000.0)) == 86_400


@pytest.mark.parametrize("calls", [0, 5000])
def test_no_span_of_a_rolling_window_is_ever_forgotten_early(calls: int) -> None:
    rolling = window(rolling_seconds=3600)
    for offset in range(0, 7200, 37):
        added = span(rolling, Instant(50_000.0 + offset), calls)
        assert span(rolling, Instant(50_000.0 + offset + 3599.99), calls).since <= added.slot
        assert span(rolling, Instant(50_000.0 + offset + 3600 + 3600 / 96 + 0.01), calls).since > added.slot


def test_who_waits_as_long_as_told_finds_room() -> None:
    rolling = window(rolling_seconds=3600)
    for now in (50_000.0, 51_234.567):
        added = span(rolling, Instant(now))
        wait = added.seconds_until_free(added.slot, Instant(now + 10))
        assert span(rolling, Instant(now + 10 + wait)).since > added.slot
