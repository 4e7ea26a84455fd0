import sqlite3
import threading
from pathlib import Path

import pytest

from ringfence.store.embedded.sqlite_thread import SqliteThread, open_tables
from ringfence.store.interface import Unavailable


class Files:
    """Opens a database in memory, or fails on demand."""

    def __init__(self) -> None:
        self.opened = 0
        self.gone = False

    def open(self) -> sqlite3.Connection:
        if self.gone:
            raise OSError("no such disk")
        self.opened += 1
        return sqlite3.connect(":memory:")


def one(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT 1").fetchone()[0])


def wrong(connection: sqlite3.Connection) -> None:
    connection.execute("SELECT nonsense")


async def test_a_file_is_opened_when_needed_and_anew_after_a_failure() -> None:
    files = Files()
    thread = SqliteThread("things", files.open)
    assert files.opened == 0
    assert [await thread.run(one), await thread.run(one), files.opened] == [1, 1, 1]
    with pytest.raises(Unavailable, match=r"^things: no such column"):
        await thread.run(wrong)
    files.gone = True
    with pytest.raises(Unavailable, match=r"^things: no such disk"):
        await thread.run(one)
    files.gone = False
    assert [await thread.run(one), files.opened] == [1, 2]
    await thread.close()


async def test_once_closed_it_is_unavailable_and_closing_again_does_nothing() -> None:
    thread = SqliteThread("things", Files().open)
    await thread.run(one)
    await thread.close()
    await thread.close()
    with pytest.raises(Unavailable, match=r"^things: "):
        await thread.run(one)


async def test_what_the_work_itself_gets_wrong_is_not_the_file_s_fault() -> None:
    files = Files()
    thread = SqliteThread("things", files.open)
    await thread.run(one)
    with pytest.raises(KeyError):
        await thread.run(lambda _connection: {}["x"])
    assert [await thread.run(one), files.opened] == [1, 1]
    await thread.close()


def test_of_many_that_open_a_new_file_at_once_all_do(tmp_path: Path) -> None:
    for n in range(30):
        at_once, opened = threading.Barrier(4), []

        def open_it(file: Path = tmp_path / f"{n}.db", at_once=at_once, opened=opened) -> None:
            at_once.wait()
            connection = open_tables(file, ["CREATE TABLE IF NOT EXISTS things (n INTEGER)"])
            opened.append(connection.execute("PRAGMA journal_mode").fetchone()[0])
            connection.close()

        threads = [threading.Thread(target=open_it) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert opened == ["wal"] * 4
