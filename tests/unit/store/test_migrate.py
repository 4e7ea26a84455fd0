"""Migrations: from nothing, twice, and not over what a newer version wrote."""

from pathlib import Path

import pytest
from sqlalchemy import text

from ringfence.store.database import Database
from ringfence.store.interface import Unavailable
from ringfence.store.migrate import migrate


async def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/a%20b.db")
    await migrate(database)
    await migrate(database)
    async with database.reading() as connection:
        assert list((await connection.execute(text("SELECT version_num FROM alembic_version"))).scalars()) == ["r0017"]
    await database.close()


async def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/x.db")
    await migrate(database)
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'r9999'"))
    with pytest.raises(Unavailable, match="newer"):
        await migrate(database)
    await database.close()


async def test_a_step_that_fails_leaves_nothing_half_done(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/x.db")
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE codes (in_the_way INTEGER)"))
    with pytest.raises(Unavailable):
        await migrate(database)
    async with database.reading() as connection:
        tables = list((await connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))).scalars())
    assert tables == ["codes"]
    await database.close()
