"""What the contract of the records of ladders does not say: a row that is over goes, and a file that is broken changes nothing."""

import sqlite3
from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.store.embedded.sqlite_rungs import KEPT_SECONDS
from ringfence.store.embedded.sqlite_watch import SqliteWatch
from ringfence.store.interface import Unavailable
from ringfence.store.rung_interface import KeptRung

NOW = Instant(1_800_000_000.0)


def reached(n: int) -> KeptRung:
    return KeptRung("book", "user", f"u{n}", False, 1, NOW, Instant(NOW + n), f"alert_{n}")  # noqa: FBT003 - as its columns


async def test_what_is_over_for_a_day_is_forgotten(tmp_path: Path) -> None:
    watch = SqliteWatch(tmp_path / "watch.db")
    for n in range(5):
        await watch.climb(reached(n), 3)
    assert len(await watch.rungs(Instant(NOW + 2))) == 2
    await watch.rungs(Instant(NOW + KEPT_SECONDS + 3.5))
    with sqlite3.connect(tmp_path / "watch.db") as connection:
        assert connection.execute("SELECT count(*) FROM rungs").fetchone() == (1,)
    await watch.close()


async def test_a_climb_that_fails_moves_nobody(tmp_path: Path) -> None:
    watch = SqliteWatch(tmp_path / "watch.db")
    await watch.climb(reached(1), 3)
    with sqlite3.connect(tmp_path / "watch.db") as connection:
        connection.execute("CREATE TRIGGER no BEFORE INSERT ON rungs BEGIN SELECT RAISE(ABORT, 'on purpose'); END")
    with pytest.raises(Unavailable, match="on purpose"):
        await watch.climb(reached(2), 3)
    with sqlite3.connect(tmp_path / "watch.db") as connection:
        connection.execute("DROP TRIGGER no")
    assert [one.value for one in await watch.rungs(NOW)] == ["u1"]
    assert await watch.climb(reached(2), 3) == 1
    await watch.close()
