"""The arithmetic of buckets; that every store keeps to it, the contract of the fast state says."""

from ringfence.clock import Instant
from ringfence.store.gcra import NANO, charge
from ringfence.store.interface import Bucket

NOW = Instant(1_760_000_000.0)


def test_a_burst_then_the_rate_all_or_none() -> None:
    tats: dict[bytes, int] = {}
    wide, narrow = Bucket(b"w", 1.0, 9.0), Bucket(b"n", 1.0, 1.0)
    for _ in range(2):
        answer, updates = charge((wide, narrow), tats.get, NOW)
        assert answer.limited == -1
        tats.update(updates)
    refused, updates = charge((wide, narrow), tats.get, NOW)
    assert (refused.limited, refused.retry_after, updates) == (1, 1.0, [])
    assert tats[b"w"] == round(NOW * NANO) + 2 * NANO
    assert charge((narrow,), tats.get, Instant(NOW + 1))[0].limited == -1
