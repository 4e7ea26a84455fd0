"""The records of ladders keep these promises."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.store.embedded.sqlite_watch import SqliteWatch
from ringfence.store.rung_interface import KeptRung, RungRecords

NOW = Instant(1_800_000_000.0)


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[RungRecords]:
    watch = SqliteWatch(tmp_path / "watch.db")
    yield watch
    await watch.close()


def reached(n: int, after: float = 0.0, rung: int = 1, **more: object) -> KeptRung:
    at = NOW + after
    usual = KeptRung("book", "client", "c", False, rung, Instant(at), Instant(at + 3600), f"alert_{n}")  # noqa: FBT003 - as its columns
    return msgspec.structs.replace(usual, **more)


async def test_each_further_alert_is_one_rung_and_there_is_a_last(records: RungRecords) -> None:
    assert [await records.climb(reached(n, n), 3) for n in range(5)] == [1, 2, 3, 3, 3]
    (kept,) = await records.rungs(NOW)
    assert kept == reached(4, 4, rung=3)


async def test_the_same_alert_moves_nobody(records: RungRecords) -> None:
    assert [await records.climb(reached(1), 3) for _ in range(5)] == [1] * 5
    assert [await records.climb(reached(2, 1), 3) for _ in range(5)] == [2] * 5


async def test_a_rung_ends_and_the_next_alert_begins_below(records: RungRecords) -> None:
    await records.climb(reached(1), 3)
    await records.climb(reached(2, 10), 3)
    assert await records.climb(reached(3, 10 + 3600), 3) == 1
    assert await records.rungs(Instant(NOW + 10_000)) == []
    assert await records.climb(reached(4, 3620), 3) == 2


async def test_risk_reaches_a_rung_at_once_and_takes_nobody_down(records: RungRecords) -> None:
    assert await records.climb(reached(1, rung=3), 4) == 3
    assert await records.climb(reached(2, 1, rung=2), 4) == 4
    assert await records.climb(reached(3, 2, rung=9), 4) == 4


async def test_each_stands_for_itself(records: RungRecords) -> None:
    await records.climb(reached(1), 3)
    for other in ({"value": "d"}, {"of": "user"}, {"playbook": "other"}, {"dry_run": True}):
        assert await records.climb(reached(2, 1, **other), 3) == 1, other
    assert len(await records.rungs(NOW)) == 5


async def test_somebody_begins_below_again(records: RungRecords) -> None:
    await records.climb(reached(1), 3)
    await records.climb(reached(2, 1), 3)
    assert await records.forget_rung("book", "client", "c")
    assert not await records.forget_rung("book", "client", "c")
    assert await records.climb(reached(3, 2), 3) == 1
    assert not await records.forget_rung_of("book", "alert_2")
    assert await records.forget_rung_of("book", "alert_3")
    assert await records.rungs(NOW) == []


async def test_of_many_at_once_each_alert_counts_once(tmp_path: Path) -> None:
    processes = [SqliteWatch(tmp_path / "watch.db") for _ in range(4)]
    climbs = [processes[i % 4].climb(reached(i % 10), 100) for i in range(40)]
    found = await asyncio.gather(*climbs, return_exceptions=True)
    assert max(found) >= 10
    assert all(isinstance(one, int) for one in found)
    for process in processes:
        await process.close()
