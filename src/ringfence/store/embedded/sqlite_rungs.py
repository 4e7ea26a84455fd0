"""The records of ladders, in the file of detection."""

import sqlite3
from typing import Any, Final

import msgspec

from ringfence.clock import Instant
from ringfence.store.embedded.sqlite_thread import SqliteThread
from ringfence.store.rung_interface import KeptRung, climbed

TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS rungs (playbook TEXT NOT NULL, of TEXT NOT NULL, value TEXT NOT NULL,
    dry_run INTEGER NOT NULL, rung INTEGER NOT NULL, at REAL NOT NULL, until REAL NOT NULL, alert TEXT NOT NULL,
    PRIMARY KEY (playbook, of, value, dry_run)) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS rungs_until ON rungs (until)",
)
KEPT_SECONDS: Final = 86_400.0
"""A rung that is over is forgotten after a day."""
_COLUMNS: Final = ", ".join(KeptRung.__struct_fields__)
_WHO: Final = "playbook = ? AND of = ? AND value = ?"


class SqliteRungs:
    """`RungRecords` on the thread of a file that somebody else opens."""

    _thread: SqliteThread

    async def climb(self, reached: KeptRung, most: int) -> int:
        """Have somebody climb and return the rung; of one alert once.  Raises Unavailable."""

        def move(connection: sqlite3.Connection) -> int:
            connection.execute("BEGIN IMMEDIATE")
            try:
                rung = _climb(connection, reached, most)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            return rung

        return await self._thread.run(move)

    async def rungs(self, now: Instant) -> list[KeptRung]:
        """Return who stands on a rung, by when it ends.  Raises Unavailable."""

        def find(connection: sqlite3.Connection) -> list[KeptRung]:
            connection.execute("DELETE FROM rungs WHERE until < ?", (now - KEPT_SECONDS,))
            statement = f"SELECT {_COLUMNS} FROM rungs WHERE until > ? ORDER BY until, playbook, of, value"  # noqa: S608 - constants
            return [_kept(row) for row in connection.execute(statement, (now,)).fetchall()]

        return await self._thread.run(find)

    async def forget_rung(self, playbook: str, of: str, value: str) -> bool:
        """Have somebody begin below; False if they stand on no rung.  Raises Unavailable."""
        return await self._forget(_WHO, (playbook, of, value))

    async def forget_rung_of(self, playbook: str, alert: str) -> bool:
        """Do the same for whom an alert had climb.  Raises Unavailable."""
        return await self._forget("playbook = ? AND alert = ?", (playbook, alert))

    async def _forget(self, where: str, values: tuple[str, ...]) -> bool:
        return await self._thread.run(
            lambda connection: bool(
                connection.execute(f"DELETE FROM rungs WHERE {where} RETURNING 1", values).fetchall()  # noqa: S608 - constants
            )
        )


def _climb(connection: sqlite3.Connection, reached: KeptRung, most: int) -> int:
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM rungs WHERE {_WHO} AND dry_run = ?",  # noqa: S608 - constants
        (reached.playbook, reached.of, reached.value, reached.dry_run),
    ).fetchone()
    now = climbed(_kept(row) if row is not None else None, reached, most)
    places = ", ".join("?" * len(KeptRung.__struct_fields__))
    connection.execute(f"INSERT OR REPLACE INTO rungs ({_COLUMNS}) VALUES ({places})", msgspec.structs.astuple(now))  # noqa: S608 - constants
    return now.rung


def _kept(row: tuple[Any, ...]) -> KeptRung:
    kept = KeptRung(*row)
    return msgspec.structs.replace(kept, dry_run=bool(kept.dry_run), at=Instant(kept.at), until=Instant(kept.until))
