"""Writes that share a commit: each is on the disk when it returns, and each fails alone."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from ringfence.store.database import Database
from ringfence.store.interface import Unavailable

MANY = 50


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path}/x.db", wait_seconds=0.3)
    async with opened.writing() as connection:
        await connection.execute(text("CREATE TABLE t (n INTEGER PRIMARY KEY)"))
        await connection.execute(
            text("CREATE TABLE later (n INTEGER REFERENCES t (n) DEFERRABLE INITIALLY DEFERRED)"),
        )
    yield opened
    await opened.close()


async def write(database: Database, number: int, table: str = "t") -> None:
    async with database.writing() as connection:
        await connection.execute(text(f"INSERT INTO {table} VALUES (:n)"), {"n": number})


def on_disk(path: Path) -> list[int]:
    """What another process would find now."""
    with closing(sqlite3.connect(path / "x.db")) as other:
        return [row[0] for row in other.execute("SELECT n FROM t ORDER BY n")]


async def test_those_who_wait_together_are_committed_together(database: Database, tmp_path: Path) -> None:
    commits = []
    event.listen(database._file, "commit", commits.append)
    returned = []

    async def one(number: int) -> None:
        await write(database, number)
        assert number in on_disk(tmp_path)
        returned.append(number)

    await asyncio.gather(*map(one, range(MANY)))
    assert on_disk(tmp_path) == list(range(MANY)) == sorted(returned)
    assert len(commits) < MANY / 4


async def test_one_that_fails_undoes_itself_alone(database: Database, tmp_path: Path) -> None:
    await write(database, 7)
    answers = await asyncio.gather(*(write(database, number % 10) for number in range(20)), return_exceptions=True)
    assert on_disk(tmp_path) == list(range(10))
    assert sum(isinstance(answer, Unavailable) for answer in answers) == 11


async def test_a_commit_that_fails_keeps_nothing_and_tells_everybody(database: Database, tmp_path: Path) -> None:
    answers = await asyncio.gather(
        write(database, 1), write(database, 99, "later"), write(database, 2), return_exceptions=True
    )
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert on_disk(tmp_path) == []
    await write(database, 3)
    assert on_disk(tmp_path) == [3]


async def test_a_transaction_that_the_database_ended_keeps_nothing(database: Database, tmp_path: Path) -> None:
    """A full disk makes SQLite roll back by itself: what was written before in the group is gone as well."""

    async def ended() -> None:
        async with database.writing() as connection:
            await connection.execute(text("ROLLBACK"))
            raise OSError("disk is full")

    answers = await asyncio.gather(write(database, 1), ended(), return_exceptions=True)
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert on_disk(tmp_path) == []
    await write(database, 2)
    assert on_disk(tmp_path) == [2]


async def test_a_caller_who_leaves_does_not_take_the_others_along(database: Database, tmp_path: Path) -> None:
    tasks = [asyncio.create_task(write(database, number)) for number in range(20)]
    for turn in range(12):
        await asyncio.sleep(0)
        tasks[turn].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    kept = on_disk(tmp_path)
    for number, answer in enumerate(answers):
        assert isinstance(answer, asyncio.CancelledError) or (answer is None and number in kept)
    assert set(range(12, 20)) <= set(kept)
    await write(database, 100)
    assert 100 in on_disk(tmp_path)


async def test_a_caller_who_leaves_in_the_middle_has_written_nothing(database: Database, tmp_path: Path) -> None:
    async def half() -> None:
        async with database.writing() as connection:
            await connection.execute(text("INSERT INTO t VALUES (1)"))
            await asyncio.sleep(30)

    task = asyncio.create_task(half())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await write(database, 2)
    assert on_disk(tmp_path) == [2]


async def test_a_file_that_another_process_holds_is_unavailable_and_comes_back(
    database: Database, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            await write(database, 1)
        holder.execute("ROLLBACK")
    await write(database, 2)
    assert on_disk(tmp_path) == [2]


async def test_a_nested_block_within_a_write(database: Database, tmp_path: Path) -> None:
    async def one(number: int) -> None:
        async with database.writing() as connection:
            await connection.execute(text("INSERT INTO t VALUES (:n)"), {"n": number})
            with contextlib.suppress(IntegrityError):
                async with connection.begin_nested():
                    await connection.execute(text("INSERT INTO t VALUES (:n)"), {"n": number + 100})
                    await connection.execute(text("INSERT INTO t VALUES (:n)"), {"n": number})

    await asyncio.gather(*map(one, range(10)))
    assert on_disk(tmp_path) == list(range(10))


async def test_closing_waits_for_what_is_under_way(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/x.db")
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE t (n INTEGER PRIMARY KEY)"))
    task = asyncio.create_task(write(database, 1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await database.close()
    await asyncio.gather(task, return_exceptions=True)
    assert on_disk(tmp_path) in ([], [1])
