"""The event stream in one SQLite file: batches in, ranges out, on a thread of its own."""

import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ringfence.store.embedded import sqlite_redactions
from ringfence.store.embedded.sqlite_thread import WAIT_MILLISECONDS, SqliteThread
from ringfence.store.interface import StoredEvent
from ringfence.store.private_file import create_private
from ringfence.store.redactions import Redaction

_TABLES = (
    """CREATE TABLE IF NOT EXISTS events (position INTEGER PRIMARY KEY AUTOINCREMENT, data BLOB NOT NULL,
    source TEXT NOT NULL DEFAULT '', at INTEGER NOT NULL DEFAULT 0)""",
    "CREATE TABLE IF NOT EXISTS sources (source TEXT PRIMARY KEY, upto INTEGER NOT NULL) WITHOUT ROWID",
    sqlite_redactions.TABLE,
)


class SqliteEvents:
    """`EventStream` in a SQLite file that several processes append to.

    Appending takes SQLite's write lock before it takes a position, so positions become visible in order: a
    reader that goes on after the last position it saw misses nothing.
    """

    def __init__(self, path: Path) -> None:
        """Use the file `path`, which is created with mode 0600 when first needed."""
        self._thread = SqliteThread("event stream", partial(_open, path))

    async def append(self, events: Sequence[bytes], *, source: str = "", upto: int = 0) -> int:
        """Append a batch, on the disk when it returns; with a `source`, only once.  Raises Unavailable."""
        return await self._thread.run(lambda connection: _append(connection, events, source, upto))

    async def shipped(self, source: str) -> int:
        """Return the `upto` noted last for `source`, 0 if none.  Raises Unavailable."""
        return await self._thread.run(lambda connection: _shipped(connection, source))

    async def retire(self, source: str) -> None:
        """Forget `source`.  Raises Unavailable."""

        def forget(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM sources WHERE source = ?", (source,))

        await self._thread.run(forget)

    async def last(self) -> int:
        """Return the position of the newest event, 0 if there is none.  Raises Unavailable."""
        return await self._thread.run(_last)

    async def read(self, after: int, limit: int) -> list[StoredEvent]:
        """Return up to `limit` events after the position `after`, in order.  Raises Unavailable."""

        def fetch(connection: sqlite3.Connection) -> list[StoredEvent]:
            rows = connection.execute(
                "SELECT position, data, source, at FROM events WHERE position > ? ORDER BY position LIMIT ?",
                (after, limit),
            )
            return [StoredEvent(*row) for row in rows]

        return await self._thread.run(fetch)

    async def note_redaction(self, person: str) -> None:
        """Note that all events that are there now are to be rewritten because of this person.  Raises Unavailable."""
        await self._thread.run(lambda connection: sqlite_redactions.note(connection, person))

    async def redactions(self) -> list[Redaction]:
        """Return what is noted and not done.  Raises Unavailable."""
        return await self._thread.run(sqlite_redactions.noted)

    async def rewrite(self, redaction: Redaction, upto: int, events: Sequence[tuple[int, bytes]]) -> None:
        """Put events in place of those at their positions, and note how far it is done.  Raises Unavailable."""
        await self._thread.run(lambda connection: sqlite_redactions.rewrite(connection, redaction, upto, events))

    async def finish_redaction(self, redaction: Redaction) -> bool:
        """Forget one that is done; False while something beside the database is in the way.  Raises Unavailable."""
        return await self._thread.run(lambda connection: sqlite_redactions.finish(connection, redaction))

    async def close(self) -> None:
        """Close the file; closing again does nothing."""
        await self._thread.close()


def _open(path: Path) -> sqlite3.Connection:
    create_private(str(path))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=True)
    try:
        connection.execute(f"PRAGMA busy_timeout = {WAIT_MILLISECONDS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("BEGIN IMMEDIATE")
        for statement in _TABLES:
            connection.execute(statement)
        _add_columns(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _add_columns(connection: sqlite3.Connection) -> None:
    """A file from before events knew where they came from."""
    known = {row[1] for row in connection.execute("PRAGMA table_info(events)")}
    if "source" not in known:
        connection.execute("ALTER TABLE events ADD COLUMN source TEXT NOT NULL DEFAULT ''")
        connection.execute("ALTER TABLE events ADD COLUMN at INTEGER NOT NULL DEFAULT 0")


def _append(connection: sqlite3.Connection, events: Sequence[bytes], source: str, upto: int) -> int:
    connection.execute("BEGIN IMMEDIATE")
    if not source or _shipped(connection, source) < upto:
        connection.executemany("INSERT INTO events (data, source, at) VALUES (?, ?, ?)", placed(events, source, upto))
        if source:
            connection.execute(
                "INSERT INTO sources VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET upto = excluded.upto",
                (source, upto),
            )
    last = _last(connection)
    connection.execute("COMMIT")
    return last


def placed(events: Sequence[bytes], source: str, upto: int) -> list[tuple[bytes, str, int]]:
    """Return each event with its source and where its line began in it; the last line ended at `upto`."""
    at = upto - sum(len(event) + 1 for event in events)
    rows = []
    for event in events:
        rows.append((event, source, at if source else 0))
        at += len(event) + 1
    return rows


def _last(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(position), 0) FROM events").fetchone()[0])


def _shipped(connection: sqlite3.Connection, source: str) -> int:
    row = connection.execute("SELECT upto FROM sources WHERE source = ?", (source,)).fetchone()
    return 0 if row is None else int(row[0])
