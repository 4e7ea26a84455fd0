"""Each connection is set up as sharing a file and surviving a power cut need it."""

from pathlib import Path

import pytest
from sqlalchemy import text

from ringfence.store.database import Database


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 10_000)]
)
async def test_pragmas(tmp_path: Path, pragma: str, value: object) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/x.db")
    async with database.reading() as connection:
        assert (await connection.execute(text(f"PRAGMA {pragma}"))).scalar() == value
    await database.close()


async def test_a_writing_transaction_holds_the_write_lock_from_its_first_moment(tmp_path: Path) -> None:
    database, other = (Database(f"sqlite+aiosqlite:///{tmp_path}/x.db") for _ in range(2))
    async with database.writing(), other.reading() as connection:
        await connection.execute(text("PRAGMA busy_timeout = 0"))
        with pytest.raises(Exception, match="locked"):
            await connection.execute(text("BEGIN IMMEDIATE"))
    await database.close()
    await other.close()
