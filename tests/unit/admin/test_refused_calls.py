from ringfence.admin.refused_calls import MINUTE, ONE_BY_ONE, RefusedCalls
from ringfence.clock import Instant
from ringfence.events.actions import AdminActed
from ringfence.store.interface import Unavailable

NOW = 1_800_000_000.0


def refused(seconds: float) -> AdminActed:
    return AdminActed(Instant(NOW + seconds), "c", "uid:0", "POST /users", "", "conflict")


def test_a_loop_that_fails_does_not_fill_the_log_and_none_is_lost():
    told: list[AdminActed] = []
    calls = RefusedCalls()
    for n in range(1000):
        calls.put(told.append, refused(n / 100))
    assert len(told) == ONE_BY_ONE
    calls.put(told.append, refused(MINUTE))
    assert (told[-1].count, told[-1].outcome) == (1000 - ONE_BY_ONE + 1, "conflict")
    calls.put(told.append, refused(MINUTE + 1))
    assert told[-1].count == 1


def test_what_the_stream_does_not_take_is_counted_and_the_call_is_refused_all_the_same():
    told: list[AdminActed] = []

    def gone(_: AdminActed) -> None:
        raise Unavailable("no stream")

    calls = RefusedCalls()
    calls.put(gone, refused(0))
    calls.put(told.append, refused(1))
    assert [one.count for one in told] == [2]
