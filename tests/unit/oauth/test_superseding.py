"""Tokens of before a decision end, whenever in its second they were issued; those of after it do not."""

from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.oauth.superseding import SETTLES_WITHIN, supersede, supersedes_from
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Admission
from ringfence.store.measures import superseded_mark

DECIDED = Instant(1_800_000_000.7)


@pytest.fixture
def fast(tmp_path: Path) -> LmdbState:
    return LmdbState(tmp_path / "fast")


async def ended(fast: LmdbState, issued: int, grant: str = "g", after: float = 10.0) -> bool:
    asked = Admission(superseded=(superseded_mark(grant),), issued_at=Instant(issued))
    return (await fast.admit(asked, Instant(DECIDED + after))).superseded == 0


async def test_what_is_older_ends_and_what_is_dated_after_it_stands(fast: LmdbState) -> None:
    await supersede("g", DECIDED, fast, DECIDED)
    for issued in (int(DECIDED) - 300, int(DECIDED), int(DECIDED) + SETTLES_WITHIN - 1):
        assert await ended(fast, issued)
    assert not await ended(fast, supersedes_from(DECIDED))
    assert not await ended(fast, int(DECIDED), "another")


async def test_a_decision_that_was_long_in_coming_ends_what_was_issued_meanwhile(fast: LmdbState) -> None:
    await supersede("g", DECIDED, fast, DECIDED)
    await supersede("g", DECIDED, fast, Instant(DECIDED + 7))
    assert await ended(fast, int(DECIDED) + 7)
    assert not await ended(fast, int(DECIDED) + 8)


async def test_it_stands_as_long_as_a_token_can_live(fast: LmdbState) -> None:
    await supersede("g", DECIDED, fast, DECIDED)
    assert await ended(fast, int(DECIDED), after=3600.0)
    assert not await ended(fast, int(DECIDED), after=3700.0)


def test_tokens_are_not_dated_further_ahead_than_clocks_may_differ() -> None:
    assert SETTLES_WITHIN < 10  # the least that `gateway.clock_skew_seconds` can be
