"""How far the log has got, and where in it to look: one SQLite file, committed after the tiles are on the disk."""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from ringfence.audit.merkle import EMPTY_ROOT
from ringfence.audit.record import Record
from ringfence.store.private_file import create_private

WAIT_SECONDS: Final = 5.0

_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS head (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL,
    position INTEGER NOT NULL, logged_at REAL NOT NULL, root BLOB NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS entries (place INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL,
    client TEXT, grant_id TEXT, correlation TEXT, reason TEXT, person TEXT)""",
    "CREATE TABLE IF NOT EXISTS witnesses (name TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS by_time ON entries (at)",
    *(
        f"CREATE INDEX IF NOT EXISTS by_{name} ON entries ({name}) WHERE {name} IS NOT NULL"
        for name in ("client", "grant_id", "correlation", "reason", "person")
    ),
)


class Head(msgspec.Struct, frozen=True):
    """How far the log has got."""

    size: int
    position: int
    """Of the last event in the stream that is in the log."""
    logged_at: float
    root: bytes


EMPTY: Final = Head(0, 0, 0.0, EMPTY_ROOT)


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a search is for; what is empty does not matter."""

    client: str = ""
    grant: str = ""
    correlation: str = ""
    reason: str = ""
    kind: str = ""
    person: str = ""
    """Id of a person's key."""
    since: float | None = None
    until: float | None = None


def open_index(path: Path) -> sqlite3.Connection:
    """Open the index, made where it is absent.  Raises sqlite3.Error or OSError."""
    create_private(str(path))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=WAIT_SECONDS)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        for statement in _TABLES:
            connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def read_head(connection: sqlite3.Connection) -> Head | None:
    """Return how far the log has got, or None where the index is new."""
    row = connection.execute("SELECT size, position, logged_at, root FROM head").fetchone()
    return None if row is None else Head(*row)


def keep(connection: sqlite3.Connection, head: Head, first: int, records: Iterable[Record]) -> None:
    """Keep a batch in one transaction; on the disk when it returns.  Raises sqlite3.Error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany(
            "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (_row(first + i, record) for i, record in enumerate(records)),
        )
        connection.execute(
            "INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?, ?)", (head.size, head.position, head.logged_at, head.root)
        )
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.rollback()
        raise


def search(connection: sqlite3.Connection, wanted: Wanted, limit: int, before: int | None = None) -> list[int]:
    """Return the places of the newest entries that fit, the newest first; `before` a place, where given."""
    conditions, values = ["place < ?"], [before if before is not None else 2**62]
    members: Sequence[tuple[str, object]] = (
        ("client =", wanted.client),
        ("grant_id =", wanted.grant),
        ("correlation =", wanted.correlation),
        ("reason =", wanted.reason),
        ("kind =", wanted.kind),
        ("person =", wanted.person),
        ("at >=", wanted.since),
        ("at <=", wanted.until),
    )
    for condition, value in members:
        if value not in {"", None}:
            conditions.append(f"{condition} ?")
            values.append(value)  # type: ignore[arg-type]
    query = f"SELECT place FROM entries WHERE {' AND '.join(conditions)} ORDER BY place DESC LIMIT ?"  # noqa: S608 - conditions are ours, values are bound
    return [row[0] for row in connection.execute(query, (*values, limit))]


def _row(place: int, record: Record) -> tuple[object, ...]:
    event = record.event
    at = event.get("at")
    return (
        place,
        at if isinstance(at, int | float) else record.logged_at,
        event["event"],
        event.get("client") or None,
        event.get("grant") or None,
        event.get("correlation") or None,
        event.get("reason") or None,
        record.sealed.key if record.sealed else None,
    )
