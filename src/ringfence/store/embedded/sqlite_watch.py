"""The records of detection in one SQLite file, on a thread of its own."""

import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from ringfence.clock import Instant
from ringfence.store.embedded.sqlite_responses import TABLES, SqliteResponses
from ringfence.store.embedded.sqlite_rungs import TABLES as RUNG_TABLES
from ringfence.store.embedded.sqlite_rungs import SqliteRungs
from ringfence.store.embedded.sqlite_thread import SqliteThread, open_tables
from ringfence.store.watch_interface import Block, KeptAlert

KEPT_SECONDS: Final = 86_400.0
"""A block that is over is forgotten after a day."""

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS snapshot (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, state BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS seen (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS status (one INTEGER PRIMARY KEY CHECK (one = 1), said BLOB NOT NULL)",
    """CREATE TABLE IF NOT EXISTS alerts (alert_id TEXT PRIMARY KEY, rule TEXT NOT NULL, at REAL NOT NULL,
    level TEXT NOT NULL, mode TEXT NOT NULL, title TEXT NOT NULL, explanation TEXT NOT NULL, detail BLOB NOT NULL,
    answered TEXT NOT NULL, disposition TEXT NOT NULL, note TEXT NOT NULL, disposed_by TEXT NOT NULL,
    disposed_at REAL) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS alerts_at ON alerts (at)",
    """CREATE TABLE IF NOT EXISTS blocks (kind TEXT NOT NULL, value TEXT NOT NULL, until REAL NOT NULL,
    why TEXT NOT NULL, by TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (kind, value)) WITHOUT ROWID""",
)
_ALERT: Final = (
    "alert_id, rule, at, level, mode, title, explanation, detail, answered, disposition, note, disposed_by, disposed_at"
)


class SqliteWatch(SqliteResponses, SqliteRungs):
    """`WatchRecords` in a SQLite file."""

    def __init__(self, path: Path) -> None:
        """Use the file `path`, which is created with mode 0600 when first needed."""
        self._thread = SqliteThread(
            "records of detection", partial(open_tables, path, (*_TABLES, *TABLES, *RUNG_TABLES))
        )

    async def resume(self) -> tuple[int, bytes]:
        """Return position and state of the last snapshot.  Raises Unavailable."""
        rows = await self._rows("SELECT position, state FROM snapshot")
        return (int(rows[0][0]), bytes(rows[0][1])) if rows else (0, b"")

    async def snapshot(self, position: int, state: bytes) -> None:
        """Keep a snapshot in place of the last.  Raises Unavailable."""
        await self._rows("INSERT OR REPLACE INTO snapshot VALUES (1, ?, ?)", (position, state))

    async def note_seen(self, position: int) -> None:
        """Note how far events have been read.  Raises Unavailable."""
        await self._rows("INSERT OR REPLACE INTO seen VALUES (1, ?)", (position,))

    async def seen(self) -> int:
        """Return what was noted last.  Raises Unavailable."""
        rows = await self._rows("SELECT position FROM seen")
        return int(rows[0][0]) if rows else 0

    async def note_status(self, status: bytes) -> None:
        """Keep what anomaly detection says of itself.  Raises Unavailable."""
        await self._rows("INSERT OR REPLACE INTO status VALUES (1, ?)", (status,))

    async def status(self) -> bytes:
        """Return what was kept last.  Raises Unavailable."""
        rows = await self._rows("SELECT said FROM status")
        return bytes(rows[0][0]) if rows else b""

    async def keep(self, alerts: Sequence[KeptAlert]) -> list[str]:
        """Keep alerts, each once; return the ids of the new ones.  Raises Unavailable."""

        def insert(connection: sqlite3.Connection) -> list[str]:
            new = []
            connection.execute("BEGIN IMMEDIATE")
            for alert in alerts:
                done = connection.execute(
                    f"INSERT OR IGNORE INTO alerts ({_ALERT}) VALUES ({', '.join('?' * 13)})",  # noqa: S608 - constants
                    tuple(bytes(v) if isinstance(v, msgspec.Raw) else v for v in msgspec.structs.astuple(alert)),
                )
                if done.rowcount:
                    new.append(alert.alert_id)
            connection.execute("COMMIT")
            return new

        return await self._thread.run(insert)

    async def alerts(self, rule: str, undisposed: bool, limit: int) -> list[KeptAlert]:
        """Return alerts, newest first.  Raises Unavailable."""
        rows = await self._rows(
            f"SELECT {_ALERT} FROM alerts WHERE (? = '' OR rule = ?) AND (? = 0 OR disposition = '')"  # noqa: S608 - constants
            " ORDER BY at DESC, alert_id LIMIT ?",
            (rule, rule, int(undisposed), limit),
        )
        return [_alert(row) for row in rows]

    async def alert(self, alert_id: str) -> KeptAlert | None:
        """Return one alert, or None.  Raises Unavailable."""
        rows = await self._rows(f"SELECT {_ALERT} FROM alerts WHERE alert_id = ?", (alert_id,))  # noqa: S608 - constants
        return _alert(rows[0]) if rows else None

    async def unanswered(self) -> list[KeptAlert]:
        """Return the alerts whose responses are still to be carried out.  Raises Unavailable."""
        rows = await self._rows(f"SELECT {_ALERT} FROM alerts WHERE answered = '' ORDER BY at, alert_id LIMIT 1000")  # noqa: S608 - constants
        return [_alert(row) for row in rows]

    async def answered(self, alert_id: str, what: str) -> None:
        """Note what was done about an alert.  Raises Unavailable."""
        await self._rows("UPDATE alerts SET answered = ? WHERE alert_id = ?", (what, alert_id))

    async def dispose(self, alert_id: str, disposition: str, note: str, by: str, now: Instant) -> bool:
        """Note what a person found; False if there is no such alert.  Raises Unavailable."""
        rows = await self._rows(
            "UPDATE alerts SET disposition = ?, note = ?, disposed_by = ?, disposed_at = ? WHERE alert_id = ? RETURNING 1",
            (disposition, note, by, now, alert_id),
        )
        return bool(rows)

    async def add_block(self, block: Block) -> None:
        """Keep a block in place of an earlier one of the same thing.  Raises Unavailable."""
        await self._rows("INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?, ?)", msgspec.structs.astuple(block))

    async def blocks(self, now: Instant) -> list[Block]:
        """Return the blocks that stand, by when they end.  Raises Unavailable."""
        await self._rows("DELETE FROM blocks WHERE until < ?", (now - KEPT_SECONDS,))
        rows = await self._rows(
            "SELECT kind, value, until, why, by, at FROM blocks WHERE until > ? ORDER BY until", (now,)
        )
        return [Block(kind, value, Instant(until), why, by, Instant(at)) for kind, value, until, why, by, at in rows]

    async def remove_block(self, kind: str, value: str) -> bool:
        """Forget a block; False if there is none.  Raises Unavailable."""
        return bool(await self._rows("DELETE FROM blocks WHERE kind = ? AND value = ? RETURNING 1", (kind, value)))

    async def close(self) -> None:
        """Close the file; closing again does nothing."""
        await self._thread.close()

    async def _rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        return await self._thread.run(lambda connection: connection.execute(statement, values).fetchall())


def _alert(row: tuple[Any, ...]) -> KeptAlert:
    values = list(row)
    values[2], values[7] = Instant(values[2]), msgspec.Raw(values[7])
    values[12] = None if values[12] is None else Instant(values[12])
    return KeptAlert(*values)
