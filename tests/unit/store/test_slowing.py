import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.store.gcra import pour
from ringfence.store.interface import Bucket
from ringfence.store.slowing import slowed

NOW = Instant(1000.0)
BUCKET = Bucket(b"b", 1.0, 20.0, slowed_by=(b"x", b"y"))


def test_without_a_measure_nothing_changes() -> None:
    buckets = (BUCKET, Bucket(b"c", 1.0, 1.0))
    assert slowed(buckets, lambda _: 0.0) is buckets
    assert slowed((), lambda _: 9.0) == ()


def test_the_greatest_factor_counts_and_only_for_its_buckets() -> None:
    found = slowed((BUCKET, Bucket(b"c", 1.0, 1.0)), {b"x": 3.0, b"y": 5.0}.__getitem__)
    assert [bucket.interval for bucket in found] == [5.0, 1.0]


@pytest.mark.parametrize("cost", [1.0, 2.0, 7.0, 21.0])
@pytest.mark.parametrize("reserve", [0.0, 4.0])
def test_nobody_is_stopped_by_being_slowed(cost: float, reserve: float) -> None:
    """Whatever a call costs that fits into the bucket, it still fits into an empty one at the slowest pace."""
    asked = msgspec.structs.replace(BUCKET, cost=cost, reserve=reserve)
    if pour(asked, None, NOW).over > 0:
        pytest.skip("does not fit unslowed either")
    (bucket,) = slowed((asked,), lambda _: 1000.0)
    assert bucket.interval >= asked.interval
    assert pour(bucket, None, NOW).over <= 0
