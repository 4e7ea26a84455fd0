"""The records of responses, in the file of detection."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ringfence.clock import Instant
from ringfence.store.embedded.sqlite_thread import SqliteThread
from ringfence.store.response_interface import COUNTED_WITHIN, KeptResponse

TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS responses (response_id TEXT PRIMARY KEY, kind TEXT NOT NULL, of TEXT NOT NULL,
    value TEXT NOT NULL, state TEXT NOT NULL, at REAL NOT NULL, until REAL NOT NULL, why TEXT NOT NULL,
    by TEXT NOT NULL, factor REAL NOT NULL, rule TEXT NOT NULL, alert TEXT NOT NULL, playbook TEXT NOT NULL,
    changed_by TEXT NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS responses_at ON responses (at)",
)
_COLUMNS: Final = ", ".join(KeptResponse.__struct_fields__)
_PLACES: Final = ", ".join("?" * len(KeptResponse.__struct_fields__))
_COUNT: Final = (
    "SELECT count(*), count(*) FILTER (WHERE rule = ?) FROM responses"
    " WHERE kind = ? AND at > ? AND state IN ('pending', 'done', 'undone')"
)
_STANDING: Final = "state IN ('pending', 'done') AND (until = 0 OR until > ?)"


class SqliteResponses:
    """`ResponseRecords` on the thread of a file that somebody else opens."""

    _thread: SqliteThread

    async def add_response(self, response: KeptResponse, most: int, most_of_rule: int) -> tuple[KeptResponse, bool]:
        """Keep a response once, held where the bound is reached; return what is kept, and whether it is new.  Raises Unavailable."""

        def add(connection: sqlite3.Connection) -> tuple[KeptResponse, bool]:
            connection.execute("BEGIN IMMEDIATE")
            try:
                kept = _add(connection, response, most, most_of_rule)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            return kept

        return await self._thread.run(add)

    async def response(self, response_id: str) -> KeptResponse | None:
        """Return one response, or None.  Raises Unavailable."""
        found = await self._found("response_id = ?", (response_id,))
        return found[0] if found else None

    async def responses(self, limit: int) -> list[KeptResponse]:
        """Return responses, newest first.  Raises Unavailable."""
        return await self._found("1 ORDER BY at DESC, response_id LIMIT ?", (limit,))

    async def standing_responses(self, now: Instant) -> list[KeptResponse]:
        """Return what was done and has not ended.  Raises Unavailable."""
        return await self._found(f"{_STANDING} ORDER BY at, response_id", (now,))

    async def move_response(
        self, response_id: str, before: Sequence[str], after: str, by: str, until: Instant | None = None
    ) -> bool:
        """Move a response to another state if it is in one of `before`.  Raises Unavailable."""
        return await self._thread.run(
            lambda connection: bool(
                connection.execute(
                    "UPDATE responses SET state = ?, changed_by = ?, until = coalesce(?, until) WHERE response_id = ?"  # noqa: S608 - places only
                    f" AND state IN ({', '.join('?' * len(before))}) RETURNING 1",
                    (after, by, until, response_id, *before),
                ).fetchall()
            )
        )

    async def _found(self, where: str, values: Sequence[Any]) -> list[KeptResponse]:
        return await self._thread.run(
            lambda connection: [
                _kept(row)
                for row in connection.execute(f"SELECT {_COLUMNS} FROM responses WHERE {where}", values).fetchall()  # noqa: S608 - constants
            ]
        )


def _add(
    connection: sqlite3.Connection, response: KeptResponse, most: int, most_of_rule: int
) -> tuple[KeptResponse, bool]:
    there = connection.execute(
        f"SELECT {_COLUMNS} FROM responses WHERE response_id = ?",  # noqa: S608 - constants
        (response.response_id,),
    ).fetchone()
    if there is not None:
        return _kept(there), False
    if response.state == "pending":
        since = response.at - COUNTED_WITHIN
        taken, of_rule = connection.execute(_COUNT, (response.rule, response.kind, since)).fetchone()
        if taken >= most or of_rule >= most_of_rule:
            response = msgspec.structs.replace(response, state="held")
    connection.execute(
        f"INSERT INTO responses ({_COLUMNS}) VALUES ({_PLACES})",  # noqa: S608 - constants
        msgspec.structs.astuple(response),
    )
    return response, True


def _kept(row: tuple[Any, ...]) -> KeptResponse:
    kept = KeptResponse(*row)
    return msgspec.structs.replace(kept, at=Instant(kept.at), until=Instant(kept.until))
