import random

import pytest

from ringfence.detect.stream_time import (
    AHEAD,
    BELIEVED,
    DOUBTED,
    IN_TIME,
    REFUTED,
    TURNED_AFTER,
    WITNESSES,
    StreamTime,
)

DAY = 86_400.0


def after(*times: float) -> StreamTime:
    time = StreamTime()
    for at in times:
        time.see(at)
    return time


def test_a_time_far_ahead_needs_witnesses() -> None:
    time = after(1.0, 2.0, 3.0)
    assert time.newest == 2
    assert time.see(4.0) == IN_TIME
    assert [time.see(at) for at in (1000.0, 1001.0, 1002.0)] == [AHEAD, AHEAD, BELIEVED]
    assert time.newest == 1001
    assert time.ahead == []


def test_one_that_says_otherwise_refutes_them() -> None:
    time = after(1.0, 2.0, 3.0)
    assert [time.see(at) for at in (10 * DAY, 10 * DAY, 4.0)] == [AHEAD, AHEAD, REFUTED]
    assert time.newest == 4
    assert time.see(5.0) == IN_TIME


def test_of_two_that_are_ahead_the_earlier_one_is_the_likelier() -> None:
    time = after(1.0, 2.0, 3.0)
    assert [time.see(at) for at in (10 * DAY, 600.0, 601.0)] == [AHEAD, REFUTED, AHEAD]
    assert time.see(602.0) == BELIEVED
    assert time.newest == 601


def test_the_first_event_of_all_may_be_wrong() -> None:
    time = StreamTime()
    assert time.see(10 * DAY) == AHEAD
    assert time.now(10 * DAY) == 10 * DAY
    assert time.see(1.0) == REFUTED
    assert time.now(1.0) == 1


def test_among_witnesses_one_may_be_wrong_and_stays_doubted() -> None:
    time = after(1.0, 2.0, 3.0)
    assert [time.see(at) for at in (600.0, 10 * DAY, 601.0)] == [AHEAD, AHEAD, BELIEVED]
    assert (time.newest, time.ahead) == (601, [10 * DAY])
    assert time.see(602.0) == REFUTED


def test_a_slow_stream_is_believed_as_it_goes() -> None:
    time = StreamTime()
    said = [time.see(n * 3600.0) for n in range(50)]
    assert REFUTED not in said
    assert 49 * 3600.0 - time.newest <= WITNESSES * 3600.0


def test_what_is_late_changes_nothing_until_there_is_much_of_it() -> None:
    time = after(1000.0, 1000.0, 1000.0)
    assert {time.see(1000.0 - DOUBTED - n) for n in range(1, TURNED_AFTER)} == {IN_TIME}
    assert time.newest == 1000
    time.see(999.0)
    assert {time.see(100.0 + n) for n in range(TURNED_AFTER)} == {IN_TIME}
    assert time.newest == 100 + TURNED_AFTER - 1


@pytest.mark.parametrize("seed", range(20))
def test_whatever_comes_a_snapshot_changes_nothing(seed: int) -> None:
    rng = random.Random(seed)
    times = [n + rng.choice([0, 0, 0, 0, 1e6, -1e4, 300]) for n in range(400)]
    one, other = StreamTime(), StreamTime()
    for at in times:
        said = one.see(at)
        assert other.see(at) == said
        again = StreamTime()
        again.restore(other.snapshot())
        other = again
    assert one.snapshot() == other.snapshot()
