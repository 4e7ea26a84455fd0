"""A sweep goes on where the last one stopped, and comes round."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.embedded.lmdb_sweep import (
    CLAIMS_A_STEP,
    CLOCK_GRACE,
    HAND_A_STEP,
    HAND_START,
    sweep_buckets,
    sweep_claims,
)
from ringfence.store.interface import Admission, Bucket

NOW = Instant(1_800_000_000.0)
LATER = Instant(NOW + 10_000)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[LmdbState]:
    opened = LmdbState(tmp_path / "fast")
    yield opened
    opened.close()


async def test_claims_go_in_steps_and_only_after_the_grace(state: LmdbState) -> None:
    for i in range(CLAIMS_A_STEP + 50):
        await state.claim(b"%d" % i, Instant(NOW + 10), NOW)
    assert sweep_claims(state._marks, Instant(NOW + CLOCK_GRACE + 9)) == 0
    assert sweep_claims(state._marks, LATER) == CLAIMS_A_STEP
    assert sweep_claims(state._marks, LATER) == 50
    assert sweep_claims(state._marks, LATER) == 0


async def test_the_hand_walks_over_all_buckets_and_starts_again(state: LmdbState) -> None:
    count = HAND_A_STEP + 500
    for i in range(count):
        now = LATER if i % 10 == 0 else NOW
        await state.admit(Admission(buckets=(Bucket(b"%06d" % i, 1.0, 1.0),), claims=()), now)
    await state.claim(b"not a bucket", Instant(LATER + 10), LATER)
    first, hand = sweep_buckets(state._marks, HAND_START, LATER)
    assert (first, hand != HAND_START) == (HAND_A_STEP * 9 // 10, True)
    rest, hand = sweep_buckets(state._marks, hand, LATER)
    assert (first + rest, hand) == (count * 9 // 10, HAND_START)
    assert sweep_buckets(state._marks, hand, LATER) == (0, HAND_START)
