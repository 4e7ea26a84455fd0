"""All of what limits a call is charged, or nothing."""

from ringfence.clock import Instant
from ringfence.store.admitting import charge
from ringfence.store.interface import Admission, Bucket

NOW = Instant(1_760_000_000.0)


def test_all_buckets_or_none() -> None:
    rows: dict[bytes, bytes] = {}
    wide, narrow = Bucket(b"w", 1.0, 9.0), Bucket(b"n", 1.0, 1.0)
    for left in (1, 0):
        answer, updates = charge(Admission(buckets=(wide, narrow)), rows.get, NOW)
        assert (answer.limited, answer.remaining) == (-1, left)
        rows.update(updates)
    before = dict(rows)
    refused, updates = charge(Admission(buckets=(wide, narrow)), rows.get, NOW)
    assert (refused.limited, refused.retry_after, updates) == (1, 1.0, [])
    assert rows == before
    assert [(s.left, s.seconds) for s in refused.standings] == [(7, 3.0), (0, 1.0)]


def test_of_two_that_refuse_the_one_is_told_that_takes_longer() -> None:
    rows: dict[bytes, bytes] = {}
    quick, slow = Bucket(b"q", 0.1, 0.0), Bucket(b"s", 10.0, 0.0)
    rows.update(charge(Admission(buckets=(quick, slow)), rows.get, NOW)[1])
    answer, _ = charge(Admission(buckets=(quick, slow)), rows.get, NOW)
    assert (answer.limited, answer.retry_after) == (1, 10.0)
