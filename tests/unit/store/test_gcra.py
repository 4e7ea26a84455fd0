"""The arithmetic of one bucket; that every store keeps to it, the contract of the fast state says."""

import pytest

from ringfence.clock import Instant
from ringfence.store.gcra import LONGEST_NANO, NANO, pour
from ringfence.store.interface import Bucket

NOW = Instant(1_760_000_000.0)
PRESENT = round(NOW * NANO)


def test_a_burst_then_the_rate() -> None:
    bucket = Bucket(b"b", 1.0, 1.0)
    first = pour(bucket, None, NOW)
    assert (first.tat, first.left, first.more, first.empty_in) == (PRESENT + NANO, 1, 1, 1.0)
    second = pour(bucket, first.tat, NOW)
    assert (second.over, second.left, second.empty_in) == (0, 0, 2.0)
    third = pour(bucket, second.tat, NOW)
    assert (third.over, third.left) == (NANO, 0)
    assert pour(bucket, second.tat, Instant(NOW + 1)).over == 0


def test_what_is_kept_for_others_is_not_there_and_is_theirs() -> None:
    kept, theirs = Bucket(b"b", 1.0, 4.0, reserve=2.0), Bucket(b"b", 1.0, 4.0)
    tat: int | None = None
    for left in (2, 1, 0):
        fill = pour(kept, tat, NOW)
        assert (fill.over <= 0, fill.left) == (True, left)
        tat = fill.tat
    assert pour(kept, tat, NOW).over > 0
    for left in (1, 0):
        fill = pour(theirs, tat, NOW)
        assert (fill.over <= 0, fill.left) == (True, left)
        tat = fill.tat
    assert pour(theirs, tat, NOW).over > 0
    assert pour(kept, tat, NOW).over > 0, (
        "a bucket that others have filled is not taken for one of before a clock change"
    )


def test_a_clock_that_was_set_back_lets_one_call_in_and_no_more() -> None:
    for reserve in (0.0, 2.0):
        bucket = Bucket(b"b", 1.0, 4.0, reserve=reserve)
        first = pour(bucket, PRESENT + 86_400 * NANO, NOW)
        assert first.over == 0
        assert pour(bucket, first.tat, NOW).over > 0


@pytest.mark.parametrize("cost", [6.0, 1e9, 1e300])
def test_a_call_that_costs_more_than_the_bucket_holds_never_passes(cost: float) -> None:
    assert pour(Bucket(b"b", 1.0, 4.0, cost), None, NOW).over > 0


def test_a_bucket_of_ages_fits_into_its_row() -> None:
    fill = pour(Bucket(b"b", 1e9, 1e12, 2.0), None, NOW)
    assert fill.tat < PRESENT + LONGEST_NANO + 1 < 2**63
