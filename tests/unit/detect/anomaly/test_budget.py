import msgspec

from ringfence.clock import Instant
from ringfence.detect.anomaly.budget import DAY, MOST_LINES, Budget

NOW = 1_800_000_000.0


def test_the_door_lets_the_budget_through_and_loses_nothing() -> None:
    spent, told = Budget(10.0), 0
    for n in range(1000):
        told += spent.admit(Instant(NOW + n * DAY / 1000), f"finding {n}")
    assert told <= 20, "a full bucket and what flows in within the day"
    over, lines = spent.digest()
    assert told + over == 1000 == spent.in_all
    assert len(lines) == MOST_LINES
    assert spent.digest() == (0, [])


def test_day_after_day_no_more_than_the_budget_leaves_by_the_door() -> None:
    spent, told = Budget(10.0), 0
    for day in range(30):
        for n in range(100):
            told += spent.admit(Instant(NOW + day * DAY + n * 60), "x")
    assert told <= 10 * 31


def test_the_bar_rises_while_there_are_too_many_and_sinks_again() -> None:
    spent = Budget(10.0)
    for hour in range(24):
        for n in range(5):
            spent.admit(Instant(NOW + hour * 3600 + n), "x")
        spent.tick(Instant(NOW + hour * 3600 + 1800))
    high = spent.raised
    assert high > 5
    for hour in range(24, 24 * 30):
        spent.tick(Instant(NOW + hour * 3600 + 1800))
    assert spent.raised == 0
    spent.tick(Instant(NOW))
    assert spent.told_today() == 0


def test_a_clock_that_jumps_fills_the_bucket_once() -> None:
    spent = Budget(5.0)
    assert sum(spent.admit(Instant(NOW + 400 * DAY), "x") for _ in range(50)) == 5
    assert sum(spent.admit(Instant(NOW), "x") for _ in range(50)) == 0


def test_a_snapshot_is_gone_on_from() -> None:
    spent, again = Budget(3.0), Budget(3.0)
    for n in range(9):
        spent.admit(Instant(NOW + n), f"{n}")
    spent.tick(Instant(NOW + 4000))
    again.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(spent.snapshot())))
    assert again.snapshot() == spent.snapshot()
    assert again.digest() == spent.digest()


def test_turned_back_it_goes_on_from_there() -> None:
    spent = Budget(5.0)
    for _ in range(5):
        spent.admit(Instant(NOW + 10 * DAY), "x")
    spent.tick(Instant(NOW + 10 * DAY))
    spent.turn_back(Instant(NOW))
    assert spent.told_today() == 0
    assert not spent.admit(Instant(NOW), "x")
    assert spent.admit(Instant(NOW + DAY / 4), "x"), "what flows in does so from now on"
