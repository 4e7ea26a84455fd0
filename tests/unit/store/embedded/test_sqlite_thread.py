import sqlite3

import pytest

from ringfence.store.embedded.sqlite_thread import SqliteThread
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
