"""The records of analysts in one SQLite file, on a thread of its own."""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import msgspec

from ringfence.clock import Instant
from ringfence.store.case_interface import Case, Note, Silence
from ringfence.store.embedded.sqlite_thread import SqliteThread, open_tables

_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS cases (case_id TEXT PRIMARY KEY, title TEXT NOT NULL, opened_at REAL NOT NULL,
    opened_by TEXT NOT NULL, disposition TEXT NOT NULL, closed_at REAL, merged_into TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS case_alerts (case_id TEXT NOT NULL, alert_id TEXT NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (case_id, alert_id)) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS case_alerts_of ON case_alerts (alert_id)",
    "CREATE TABLE IF NOT EXISTS case_keys (key TEXT PRIMARY KEY, case_id TEXT NOT NULL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS case_keys_of ON case_keys (case_id)",
    "CREATE TABLE IF NOT EXISTS case_notes (number INTEGER PRIMARY KEY, case_id TEXT NOT NULL, at REAL NOT NULL, by TEXT NOT NULL, text TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS case_notes_of ON case_notes (case_id)",
    """CREATE TABLE IF NOT EXISTS silences (silence_id TEXT PRIMARY KEY, rule TEXT NOT NULL, grouped BLOB NOT NULL,
    until REAL NOT NULL, why TEXT NOT NULL, by TEXT NOT NULL, at REAL NOT NULL) WITHOUT ROWID""",
)
_CASE: Final = "case_id, title, opened_at, opened_by, disposition, closed_at, merged_into"
_OPEN: Final = "disposition = '' AND merged_into = ''"
_OF_KEY: Final = (
    f"SELECT case_id, 0 AS second FROM case_alerts JOIN cases USING (case_id) WHERE alert_id = ? AND {_OPEN} UNION ALL"  # noqa: S608 - constants
    f" SELECT case_id, 1 FROM case_keys JOIN cases USING (case_id) WHERE key = ? AND {_OPEN} ORDER BY second, case_id LIMIT 1"
)
"""The open case that has the alert, or else the one of the key."""

T = TypeVar("T")


class SqliteCases:
    """`CaseRecords` in a SQLite file."""

    def __init__(self, path: Path) -> None:
        """Use the file `path`, which is created with mode 0600 when first needed."""
        self._thread = SqliteThread("records of analysts", partial(open_tables, path, _TABLES))

    async def open_case(self, case: Case) -> None:
        """Keep a new case with its alerts.  Raises Unavailable."""
        await self._whole(lambda connection: _insert(connection, case))

    async def open_or_add(self, key: str, case: Case, most: int) -> tuple[str, Literal["opened", "added", "there"]]:
        """Add alerts to the open case of a key, or open one for it.  Raises Unavailable."""

        def find_or_open(connection: sqlite3.Connection) -> tuple[str, Literal["opened", "added", "there"]]:
            found = connection.execute(_OF_KEY, (*case.alerts[:1], key) if case.alerts else ("", key)).fetchone()
            if found is not None:
                case_id = str(found[0])
                known = _alerts_of(connection, case_id)
                new = [alert for alert in case.alerts if alert not in known]
                if not new or len(known) + len(new) <= most:
                    _add_alerts(connection, case_id, new)
                    connection.execute("INSERT OR REPLACE INTO case_keys VALUES (?, ?)", (key, case_id))
                    return case_id, ("added" if new else "there")
            _insert(connection, case)
            connection.execute("INSERT OR REPLACE INTO case_keys VALUES (?, ?)", (key, case.case_id))
            return case.case_id, "opened"

        return await self._whole(find_or_open)

    async def case(self, case_id: str) -> Case | None:
        """Return a case, or None.  Raises Unavailable."""

        def find(connection: sqlite3.Connection) -> Case | None:
            row = connection.execute(f"SELECT {_CASE} FROM cases WHERE case_id = ?", (case_id,)).fetchone()  # noqa: S608 - constants
            if row is None:
                return None
            notes = connection.execute(
                "SELECT at, by, text FROM case_notes WHERE case_id = ? ORDER BY number", (case_id,)
            )
            told = tuple(Note(Instant(at), by, text) for at, by, text in notes)
            return msgspec.structs.replace(_case(connection, row), notes=told)

        return await self._thread.run(find)

    async def cases(self, only_open: bool, limit: int) -> list[Case]:
        """Return cases, newest first, without their notes.  Raises Unavailable."""

        def find(connection: sqlite3.Connection) -> list[Case]:
            rows = connection.execute(
                f"SELECT {_CASE} FROM cases WHERE (? = 0 OR ({_OPEN})) ORDER BY opened_at DESC, case_id LIMIT ?",  # noqa: S608 - constants
                (int(only_open), limit),
            ).fetchall()
            return [_case(connection, row) for row in rows]

        return await self._thread.run(find)

    async def cases_of(self, alert_id: str) -> list[str]:
        """Return the open cases that an alert is in.  Raises Unavailable."""
        rows = await self._rows(
            f"SELECT case_id FROM case_alerts JOIN cases USING (case_id) WHERE alert_id = ? AND {_OPEN} ORDER BY case_id",  # noqa: S608 - constants
            (alert_id,),
        )
        return [str(row[0]) for row in rows]

    async def add_alerts(self, case_id: str, alerts: Sequence[str]) -> bool:
        """Add alerts, each once; False unless the case is open.  Raises Unavailable."""

        def add(connection: sqlite3.Connection) -> bool:
            if not _is_open(connection, case_id):
                return False
            _add_alerts(connection, case_id, alerts)
            return True

        return await self._whole(add)

    async def add_note(self, case_id: str, note: Note) -> bool:
        """Add a note; False if there is no such case.  Raises Unavailable."""

        def add(connection: sqlite3.Connection) -> bool:
            if not connection.execute("SELECT 1 FROM cases WHERE case_id = ?", (case_id,)).fetchone():
                return False
            _add_note(connection, case_id, note)
            return True

        return await self._whole(add)

    async def merge(self, case_id: str, into: str, note: Note) -> bool:
        """Move one open case's alerts to another.  Raises Unavailable."""

        def move(connection: sqlite3.Connection) -> bool:
            if case_id == into or not _is_open(connection, case_id) or not _is_open(connection, into):
                return False
            _add_alerts(connection, into, _alerts_of(connection, case_id))
            connection.execute(
                "UPDATE cases SET merged_into = ?, closed_at = ? WHERE case_id = ?", (into, note.at, case_id)
            )
            connection.execute("UPDATE case_keys SET case_id = ? WHERE case_id = ?", (into, case_id))
            for case in (case_id, into):
                _add_note(connection, case, note)
            return True

        return await self._whole(move)

    async def close_case(self, case_id: str, disposition: str, note: Note) -> bool:
        """Close an open case; False unless it is open.  Raises Unavailable."""

        def end(connection: sqlite3.Connection) -> bool:
            done = connection.execute(
                f"UPDATE cases SET disposition = ?, closed_at = ? WHERE case_id = ? AND {_OPEN}",  # noqa: S608 - constants
                (disposition, note.at, case_id),
            )
            if not done.rowcount:
                return False
            _add_note(connection, case_id, note)
            return True

        return await self._whole(end)

    async def add_silence(self, silence: Silence) -> None:
        """Keep a silence.  Raises Unavailable."""
        await self._rows(
            "INSERT INTO silences VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                silence.silence_id,
                silence.rule,
                msgspec.json.encode(silence.group),
                silence.until,
                silence.why,
                silence.by,
                silence.at,
            ),
        )

    async def silences(self, now: Instant) -> list[Silence]:
        """Return the silences that hold, by when they end.  Raises Unavailable."""
        rows = await self._rows("SELECT * FROM silences WHERE until > ? ORDER BY until, silence_id", (now,))
        return [_silence(row) for row in rows]

    async def end_silence(self, silence_id: str) -> Silence | None:
        """Forget a silence and return it.  Raises Unavailable."""
        rows = await self._rows("DELETE FROM silences WHERE silence_id = ? RETURNING *", (silence_id,))
        return _silence(rows[0]) if rows else None

    async def close(self) -> None:
        """Close the file; closing again does nothing."""
        await self._thread.close()

    async def _rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        return await self._thread.run(lambda connection: connection.execute(statement, values).fetchall())

    async def _whole(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run work in one transaction: whole or not at all."""

        def guarded(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN IMMEDIATE")
            try:
                done = work(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            return done

        return await self._thread.run(guarded)


def _insert(connection: sqlite3.Connection, case: Case) -> None:
    connection.execute(
        f"INSERT INTO cases ({_CASE}) VALUES (?, ?, ?, ?, '', NULL, '')",  # noqa: S608 - constants
        (case.case_id, case.title, case.opened_at, case.opened_by),
    )
    _add_alerts(connection, case.case_id, case.alerts)
    for note in case.notes:
        _add_note(connection, case.case_id, note)


def _alerts_of(connection: sqlite3.Connection, case_id: str) -> list[str]:
    rows = connection.execute("SELECT alert_id FROM case_alerts WHERE case_id = ? ORDER BY number", (case_id,))
    return [str(row[0]) for row in rows]


def _is_open(connection: sqlite3.Connection, case_id: str) -> bool:
    found = connection.execute(f"SELECT 1 FROM cases WHERE case_id = ? AND {_OPEN}", (case_id,))  # noqa: S608 - constants
    return found.fetchone() is not None


def _add_alerts(connection: sqlite3.Connection, case_id: str, alerts: Sequence[str]) -> None:
    for alert in alerts:
        connection.execute(
            "INSERT OR IGNORE INTO case_alerts SELECT ?, ?, COALESCE(MAX(number), 0) + 1 FROM case_alerts WHERE case_id = ?",
            (case_id, alert, case_id),
        )


def _add_note(connection: sqlite3.Connection, case_id: str, note: Note) -> None:
    connection.execute(
        "INSERT INTO case_notes (case_id, at, by, text) VALUES (?, ?, ?, ?)", (case_id, note.at, note.by, note.text)
    )


def _case(connection: sqlite3.Connection, row: tuple[Any, ...]) -> Case:
    case_id, title, opened_at, opened_by, disposition, closed_at, merged_into = row
    return Case(
        case_id=case_id,
        title=title,
        opened_at=Instant(opened_at),
        opened_by=opened_by,
        disposition=disposition,
        closed_at=None if closed_at is None else Instant(closed_at),
        merged_into=merged_into,
        alerts=tuple(_alerts_of(connection, str(case_id))),
    )


def _silence(row: tuple[Any, ...]) -> Silence:
    silence_id, rule, grouped, until, why, by, at = row
    group = msgspec.json.decode(grouped, type=dict[str, str])
    return Silence(silence_id, rule, group, Instant(until), why, by, Instant(at))
