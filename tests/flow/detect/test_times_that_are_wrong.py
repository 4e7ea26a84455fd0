"""Times that are wrong, in the engine: nobody is blinded by them."""

import random

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.detect.detection import Detection
from ringfence.detect.engine import Engine
from ringfence.detect.load import shipped
from ringfence.detect.own_alerts import EVENT_TIMES
from ringfence.events import Event, LoginDecided

START = 1_800_000_000.0
DAY = 86_400.0
RULES = shipped()
BRUTE_FORCE = [rule for rule in RULES if rule.rule.id == "brute-force"]


def failed(at: float, user: str = "u") -> LoginDecided:
    return LoginDecided(
        Instant(START + at), "c", allowed=False, username_hash=user, network="192.0.2.1", reason="login-failed"
    )


def rules(engine: Engine, events: list[LoginDecided], first: int = 1) -> list[str]:
    return [alert.rule for position, event in enumerate(events, first) for alert in engine.feed(position, event)]


@pytest.mark.parametrize("place", range(13))
def test_one_event_from_the_future_blinds_nobody_wherever_it_comes(place: int) -> None:
    events = [failed(float(n)) for n in range(14)]
    events[place] = failed(10 * DAY)
    engine = Engine(BRUTE_FORCE)
    assert "brute-force" in rules(engine, events)
    more = [failed(1900.0 + n) for n in range(20)]
    assert "brute-force" in rules(engine, more, 20), "and again after the cool-down"


def test_it_counts_as_of_now_and_is_told() -> None:
    engine = Engine(BRUTE_FORCE)
    raised = [
        alert
        for position, event in enumerate([*(failed(float(n)) for n in range(4)), failed(10 * DAY), failed(4.0)], 1)
        for alert in engine.feed(position, event)
    ]
    (alert,) = raised
    assert (alert.rule, alert.at, alert.measures["events"]) == (EVENT_TIMES, START + 4, 1)
    assert alert.measures["seconds"] == pytest.approx(10 * DAY, abs=60)
    assert engine.not_believed == 1
    assert rules(engine, [failed(5.0 + n) for n in range(6)], 10) == ["brute-force"], (
        "the twelfth, the wrong one counted"
    )


def test_an_alert_from_the_future_is_no_reason_to_be_silent_now() -> None:
    engine = Engine(BRUTE_FORCE)
    early = [failed(float(n), "v") for n in range(5)]
    future = [failed(10 * DAY + n) for n in range(12)]
    assert rules(engine, [*early, *future]) == ["brute-force"], "many say so: they are believed"
    back = [failed(10.0 + n / 10, f"w{n}") for n in range(120)]
    assert rules(engine, back, 100) == []
    assert rules(engine, [failed(60.0 + n) for n in range(12)], 300) == ["brute-force"]


def test_a_quiet_stream_is_counted_at_its_own_times() -> None:
    engine = Engine([rule for rule in RULES if rule.rule.id in {"slow-guessing", "guessing-succeeded"}])
    assert rules(engine, [failed(n * 1700.0) for n in range(60)]) == ["slow-guessing"]
    passed = msgspec.structs.replace(failed(60 * 1700.0 + 4000), allowed=True, reason="")
    many = [failed(60 * 1700.0 + n, "x") for n in range(12)]
    assert rules(engine, [*many, msgspec.structs.replace(passed, username_hash="x")], 100) == []


def disturbed(seed: int) -> list[Event]:
    rng = random.Random(seed)
    clock, events = 0.0, []
    for _ in range(1000):
        clock += rng.choice([0.1, 1.0, 5.0, 90.0])
        wrong = rng.choice([0.0] * 30 + [10 * DAY, 400.0, -3000.0])
        event = failed(clock + wrong, f"u{rng.randrange(20)}")
        if rng.random() < 0.1:
            event = msgspec.structs.replace(
                event, allowed=True, reason="", user=f"user_{rng.randrange(4)}", network=f"192.0.{rng.randrange(9)}.1",
                agent=rng.choice(["a", "b"]),
            )  # fmt: skip
        events.append(event)
    return events


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_times_a_replay_and_a_snapshot_anywhere_give_the_same(seed: int) -> None:
    events = disturbed(seed)
    whole, cut = Detection(RULES, 1000, None), Detection(RULES, 1000, None)
    alerts = 0
    for position, event in enumerate(events, 1):
        expected = whole.feed(position, event)
        assert msgspec.json.encode(cut.feed(position, event)) == msgspec.json.encode(expected)
        alerts += len(expected)
        if position % 17 == 0:
            saved = cut.snapshot()
            cut = Detection(RULES, 1000, None)
            cut.restore(saved)
    assert alerts > 3
    assert cut.snapshot() == whole.snapshot()
