"""Rewrite events where they stand, and note how far, so that it goes on after a crash.  NIST SP 800-88 §2.5.

Content that is replaced is overwritten (`secure_delete`), and leaves the write-ahead file before a redaction counts as done.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final

from ringfence.store.redactions import Redaction

TABLE: Final = """CREATE TABLE IF NOT EXISTS redactions (
    person TEXT PRIMARY KEY, after INTEGER NOT NULL, upto INTEGER NOT NULL
) WITHOUT ROWID"""


def note(connection: sqlite3.Connection, person: str) -> None:
    """Note that all events that are there now are to be rewritten, from the first on."""
    connection.execute(
        "INSERT INTO redactions SELECT ?, 0, coalesce(max(position), 0) FROM events WHERE true"
        " ON CONFLICT (person) DO UPDATE SET after = 0, upto = excluded.upto",
        (person,),
    )


def noted(connection: sqlite3.Connection) -> list[Redaction]:
    """Return what is not done."""
    rows = connection.execute("SELECT person, after, upto FROM redactions ORDER BY person")
    return [Redaction(*row) for row in rows]


def rewrite(
    connection: sqlite3.Connection, redaction: Redaction, upto: int, events: Sequence[tuple[int, bytes]]
) -> None:
    """Replace events and note that it is done up to `upto`, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    moved = connection.execute(
        "UPDATE redactions SET after = ? WHERE person = ? AND after = ? AND upto = ?",
        (upto, redaction.person, redaction.after, redaction.upto),
    )
    if moved.rowcount:
        connection.executemany(
            "UPDATE events SET data = ? WHERE position = ?", [(data, position) for position, data in events]
        )
    connection.execute("COMMIT")


def finish(connection: sqlite3.Connection, redaction: Redaction) -> bool:
    """Forget a redaction that is done, once the write-ahead file is empty; False where somebody still reads in it."""
    if not _emptied(connection):
        return False
    connection.execute(
        "DELETE FROM redactions WHERE person = ? AND after >= upto AND upto = ?", (redaction.person, redaction.upto)
    )
    _emptied(connection)
    return True


def _emptied(connection: sqlite3.Connection) -> bool:
    # whoever waits for readers here holds up everybody who appends; it is tried again instead
    (patience,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        return not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    finally:
        connection.execute(f"PRAGMA busy_timeout = {patience}")
