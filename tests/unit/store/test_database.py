"""Transactions: committed at the end, undone by an error, and one failure for whatever goes wrong."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from ringfence.store.database import Database
from ringfence.store.interface import Unavailable


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path}/x.db")
    async with opened.writing() as connection:
        await connection.execute(text("CREATE TABLE t (n INTEGER PRIMARY KEY)"))
    yield opened
    await opened.close()


async def numbers(database: Database) -> list[int]:
    async with database.reading() as connection:
        return list((await connection.execute(text("SELECT n FROM t"))).scalars())


async def test_an_error_of_ours_undoes_the_transaction_and_passes(database: Database) -> None:
    async def fail() -> None:
        async with database.writing() as connection:
            await connection.execute(text("INSERT INTO t VALUES (1)"))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await numbers(database) == []
    async with database.writing() as connection:
        await connection.execute(text("INSERT INTO t VALUES (2)"))
    assert await numbers(database) == [2]


async def test_an_error_of_the_database_is_unavailable(database: Database) -> None:
    async def fail() -> None:
        async with database.writing() as connection:
            await connection.execute(text("INSERT INTO t VALUES (1)"))
            await connection.execute(text("INSERT INTO nowhere VALUES (1)"))

    with pytest.raises(Unavailable, match="nowhere"):
        await fail()
    assert await numbers(database) == []


async def test_a_reader_sees_nothing_of_a_transaction_before_its_end(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(text("INSERT INTO t VALUES (1)"))
        assert await numbers(database) == []
    assert await numbers(database) == [1]


async def test_nobody_waits_long_behind_a_file_that_somebody_holds(tmp_path: Path) -> None:
    """Each write once waited its own ten seconds, one after the other: the sixth caller for a minute."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/x.db", wait_seconds=0.4, queue_seconds=0.2)
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE t (n INTEGER PRIMARY KEY)"))

    async def write(number: int) -> str:
        try:
            async with database.writing() as connection:
                await connection.execute(text("INSERT INTO t VALUES (:n)"), {"n": number})
        except Unavailable:
            return "unavailable"
        return "written"

    holder = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    async with asyncio.timeout(2):
        assert await asyncio.gather(*map(write, range(20))) == ["unavailable"] * 20
    holder.execute("ROLLBACK")
    holder.close()
    assert await asyncio.gather(*map(write, range(20))) == ["written"] * 20
    await database.close()


async def test_what_was_to_be_written_stands_in_no_error(database: Database) -> None:
    async def fail() -> None:
        async with database.writing() as connection:
            await connection.execute(text("INSERT INTO t VALUES (1), (:n)"), {"n": "$argon2id$secret"})

    with pytest.raises(Unavailable) as caught:
        await fail()
    assert "argon2id" not in str(caught.value)
