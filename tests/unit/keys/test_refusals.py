import pytest

from ringfence.clock import Instant
from ringfence.custody.wire import Done, Manage, Refusal, Sign
from ringfence.keys.compromise import Compromise
from ringfence.keys.management import Management
from ringfence.keys.refusals import EVERY, MOST, OPERATIONS, OTHERS, Refusals, Refused, refused_by
from ringfence.store.interface import Unavailable

NOW = Instant(1_800_000_000.0)


def kind(n: int = 0) -> Refused:
    return Refused("operators", f"uid:{n}", "approve", "", "not-allowed")


@pytest.fixture
def told() -> list:
    return []


@pytest.fixture
def refusals(told) -> Refusals:
    return Refusals(told.append)


def at(seconds: float) -> Instant:
    return Instant(NOW + seconds)


def test_the_first_is_told_at_once_and_the_rest_once_a_minute(refusals, told):
    for second in range(59):
        refusals.note(kind(), at(second))
        refusals.flush(at(second))
    assert [one.count for one in told] == [1]
    refusals.flush(at(EVERY))
    assert [(one.count, one.first_at, one.last_at) for one in told[1:]] == [(58, at(1), at(58))]
    refusals.flush(at(2 * EVERY))
    refusals.flush(at(3 * EVERY))
    assert len(told) == 2
    refusals.note(kind(), at(3 * EVERY))
    assert [one.count for one in told] == [1, 58, 1]


def test_callers_without_number_have_one_kind_together_and_the_others_keep_theirs(refusals, told):
    refusals.note(kind(1), NOW)
    for n in range(2, 5000):
        refusals.note(kind(n), NOW)
    assert len(told) == MOST + 1
    assert told[-1].reason == OTHERS
    refusals.note(kind(1), NOW)
    refusals.flush(at(EVERY))
    assert {(one.by, one.reason): one.count for one in told[MOST + 1 :]} == {
        ("uid:1", "not-allowed"): 1,
        ("", OTHERS): 4998 - MOST,
    }
    refusals.flush(at(2 * EVERY))
    refusals.note(kind(7000), at(2 * EVERY))
    assert told[-1].by == "uid:7000"  # there is room again


def test_what_nobody_takes_is_told_later_and_at_the_end_all_of_it(told):
    def gone(_: object) -> None:
        raise Unavailable("no stream")

    refusals = Refusals(gone)
    refusals.note(kind(), NOW)
    refusals._emit = told.append
    refusals.note(kind(), at(1))
    assert [(one.count, one.first_at) for one in told] == [(2, NOW)]
    refusals.note(kind(), at(2))
    refusals.flush(at(3), last=True)
    assert [one.count for one in told] == [2, 1]


def test_only_words_of_ours_are_repeated(keeper):
    refusal = Refusal("unknown", "x")
    assert refused_by("admin", 7, Manage("rotate", "data@client:acme"), refusal) == Refused(
        "admin", "uid:7", "rotate", "data", "unknown"
    )
    assert refused_by("admin", 7, Manage("'; --", "user:user_mia"), refusal)[2:4] == ("unknown", "")
    assert refused_by("gateway", 7, Sign("x" * 999, b""), refusal)[2:4] == ("sign", "")
    assert refused_by("gateway", 7, Sign("token", b""), Done()) is None
    assert refused_by("gateway", 7, Sign("token", b""), Refusal("unavailable", "x")) is None
    assert set(Management(keeper, Compromise(keeper, frozenset()))._acts) | {"wishes", "approve"} == OPERATIONS
