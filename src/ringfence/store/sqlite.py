"""What SQLite needs to be told so that several processes share one file and a commit is on the disk."""

from typing import Any, Final

from sqlalchemy import Connection, Engine, event

WRITING: Final[dict[str, Any]] = {"ringfence_writing": True}
"""Execution options of a connection that is going to write; other databases ignore them."""


def prepare(engine: Engine, wait_seconds: float) -> None:
    """Set up each connection of `engine`, and begin writing transactions with the write lock.

    Args:
        engine: an engine of the `sqlite` dialect.
        wait_seconds: how long a statement waits for another process's lock.
    """

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        # Python's driver would begin transactions by itself, and later than we need; we begin them.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(wait_seconds * 1000)}")
        cursor.execute("PRAGMA journal_mode = WAL")  # readers do not wait for the writer
        cursor.execute("PRAGMA synchronous = FULL")  # a commit that was answered survives a power cut
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later can find that another one wrote in between, and then
        # fails at once, whatever the timeout. One that takes the write lock first only waits. Reading needs no
        # transaction: each of our reads is one statement.
        if connection.get_execution_options().get("ringfence_writing"):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
