"""A database of records: connections, reading and writing transactions, and its one failure, `Unavailable`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ringfence.store import sqlite
from ringfence.store.interface import Unavailable

CONNECTIONS = 5
"""Connections of one process: logins and token requests wait for each other rather than for the database."""

WAIT_SECONDS = 10.0
"""How long a request waits for a connection, or for another process's write, before it is answered 503."""

QUEUE_SECONDS = 5.0
"""How long a write waits for this process's own earlier ones: a thousand of them, unless somebody holds the file."""


class Database:
    """An engine whose transactions are either reading or writing."""

    def __init__(self, url: str, wait_seconds: float = WAIT_SECONDS, queue_seconds: float = QUEUE_SECONDS) -> None:
        """Prepare connections to `url`, for example `sqlite+aiosqlite:////path/records.db`; none is opened yet."""
        options: dict[str, Any] = {"pool_size": CONNECTIONS, "max_overflow": 0, "pool_timeout": wait_seconds}
        options["hide_parameters"] = True  # an error's text reaches log and events; hashes and names must not
        self.engine: AsyncEngine = create_async_engine(url, **options)
        self._writers: asyncio.Lock | None = None
        if self.engine.dialect.name == "sqlite":
            sqlite.prepare(self.engine.sync_engine, wait_seconds)
            # SQLite lets one write at a time and makes the others poll; queueing here is quicker and fairer.
            self._writers = asyncio.Lock()
        self._queue_seconds = queue_seconds

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection for single statements that only read.  Raises Unavailable."""
        try:
            async with self.engine.connect() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise Unavailable(f"records: {error}") from error

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a writing transaction, committed when the block ends, undone when it raises.

        Raises:
            Unavailable: also when the commit failed, for example on a full disk; then nothing was kept.
        """
        try:
            async with self._turn(), self.engine.connect() as connection:
                await connection.execution_options(**sqlite.WRITING)
                async with connection.begin():
                    yield connection
        except (SQLAlchemyError, OSError) as error:
            raise Unavailable(f"records: {error}") from error

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait for our turn to write, but not for ever: behind a file that somebody holds, each would wait its own time."""
        if self._writers is None:
            yield
            return
        try:
            async with asyncio.timeout(self._queue_seconds):
                await self._writers.acquire()
        except TimeoutError:
            raise Unavailable("records: too many writes wait") from None
        try:
            yield
        finally:
            self._writers.release()

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
