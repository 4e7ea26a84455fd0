"""What only this engine has: that a file of before there were responses gets its table. The rest is the contract's."""

import sqlite3
from pathlib import Path

from ringfence.clock import Instant
from ringfence.store.embedded.sqlite_watch import SqliteWatch
from ringfence.store.response_interface import KeptResponse


async def test_an_older_file_gets_the_table(tmp_path: Path) -> None:
    watch = SqliteWatch(tmp_path / "watch.db")
    await watch.note_seen(1)
    await watch.close()
    with sqlite3.connect(tmp_path / "watch.db") as older:
        older.execute("DROP TABLE responses")
    watch = SqliteWatch(tmp_path / "watch.db")
    response = KeptResponse(
        "x", "block", "network", "n", "done", Instant(1.5), Instant(9.0), "w", "b", 2.0, "r", "a", "p"
    )
    assert await watch.add_response(response, 1, 1) == (response, True)
    assert await watch.response("x") == response
    await watch.close()
