"""One SQLite file on a thread of its own, opened when first needed and anew after a failure."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from ringfence.store.interface import Unavailable
from ringfence.store.private_file import create_private

T = TypeVar("T")

WAIT_MILLISECONDS: Final = 5000
"""How long a write waits for another process's write."""
AGAIN_MILLISECONDS: Final = 20


class SqliteThread:
    """Runs work on one connection, one piece after the other."""

    def __init__(self, what: str, open_file: Callable[[], sqlite3.Connection]) -> None:
        """Start nothing yet.

        Args:
            what: is kept there, for errors.
            open_file: opens the file; called on the thread.
        """
        self._what = what
        self._open = open_file
        self._connection: sqlite3.Connection | None = None
        self._closed = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=what.replace(" ", "-"))

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what the work returns.  Raises Unavailable for whatever goes wrong with the file, and once closed."""

        def guarded() -> T:
            try:
                if self._connection is None:
                    self._connection = self._open()
                return work(self._connection)
            except (sqlite3.Error, OSError) as error:
                # A fresh connection next time: this one may hold on to a file that is gone or was replaced.
                self._shut()
                raise Unavailable(f"{self._what}: {error}") from error

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, guarded)
        except RuntimeError as error:  # the thread has been shut down
            raise Unavailable(f"{self._what}: {error}") from error

    async def close(self) -> None:
        """Close the file; closing again does nothing."""
        if not self._closed:
            self._closed = True
            await asyncio.get_running_loop().run_in_executor(self._thread, self._shut)
            self._thread.shutdown(wait=False)

    def _shut(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def open_tables(path: Path, tables: Iterable[str]) -> sqlite3.Connection:
    """Open a file with mode 0600, durable at each commit, and make the tables that are not there.

    Raises:
        sqlite3.Error: it is no database, or locked for too long.
        OSError: it cannot be made.
    """
    create_private(str(path))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=True)
    try:
        connection.execute(f"PRAGMA busy_timeout = {WAIT_MILLISECONDS}")
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")
        for statement in tables:
            connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Have the file written ahead. Of several that open a new one, SQLite refuses all but one at once, without the wait.

    Raises:
        sqlite3.OperationalError: it is locked for too long.
    """
    for left in reversed(range(WAIT_MILLISECONDS // AGAIN_MILLISECONDS)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as busy:
            if not left or busy.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(AGAIN_MILLISECONDS / 1000)
        else:
            return
