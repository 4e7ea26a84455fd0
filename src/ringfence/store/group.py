"""Commit writes to SQLite together: one wait for the disk serves everybody who was waiting for his turn.

Each write is a savepoint of a transaction that it shares with the writes that queued behind it; a task commits them when
its own turn in the queue comes. A write returns when it is on the disk, and one that fails undoes itself alone.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from ringfence.clock import Seconds
from ringfence.store import sqlite
from ringfence.store.inline import InlineConnection, Thread
from ringfence.store.interface import Unavailable

QUEUED_TOO_LONG = "records: too many writes wait"


class _Group:
    """Writes that are committed together."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def driver(self) -> Any:
        return self.connection.connection.driver_connection

    def commit(self) -> None:
        """Bring all of it to the disk.  Raises Unavailable, SQLAlchemyError."""
        if not self.driver.in_transaction:
            raise Unavailable("records: the database ended the transaction")
        self.connection.commit()

    def close(self) -> None:
        """Undo what could not be committed, and let go of the connection."""
        driver = self.driver
        if driver.in_transaction:
            driver.rollback()
        self.connection.close()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what is done in the block, and nothing else, if it raises."""
        self.driver.execute("SAVEPOINT one")
        try:
            yield
        except BaseException:
            if self.driver.in_transaction:  # a full disk may have ended it for all
                self.driver.execute("ROLLBACK TO one")
                self.driver.execute("RELEASE one")
            raise
        self.driver.execute("RELEASE one")


class GroupedWrites:
    """The writes of one process to one file."""

    def __init__(self, file: Engine, thread: Thread, queue_seconds: Seconds) -> None:
        """Take an engine that `sqlite.prepare` has set up.

        Args:
            file: the database.
            thread: where BEGIN and COMMIT wait.
            queue_seconds: how long a write waits for its turn.
        """
        self._file = file
        self._thread = thread
        self._queue_seconds = queue_seconds
        self._turn = asyncio.Lock()
        self._group: _Group | None = None
        self._commits: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[InlineConnection]:
        """Give the connection for one write, which is on the disk when the block has ended.

        Raises:
            Unavailable: its turn did not come, or the commit failed; nothing was kept.
            SQLAlchemyError: the file cannot be written.
        """
        await self._wait()
        try:
            group = self._group or await self._begin()
            with group.savepoint():
                yield InlineConnection(group.connection, self._thread)
        finally:
            self._turn.release()
        await asyncio.shield(group.done)

    async def _wait(self) -> None:
        """Wait for our turn, but not for ever: behind a file that somebody holds, each would wait its own time."""
        try:
            async with asyncio.timeout(self._queue_seconds):
                await self._turn.acquire()
        except TimeoutError:
            raise Unavailable(QUEUED_TOO_LONG) from None

    async def _begin(self) -> _Group:
        connection = self._file.connect().execution_options(**sqlite.WRITING)
        try:
            await self._thread.run(connection.begin)
        except BaseException:
            connection.close()
            raise
        self._group = group = _Group(connection)
        # it queues behind those who are waiting now: they come along
        commit = asyncio.create_task(self._commit(group))
        self._commits.add(commit)
        commit.add_done_callback(self._commits.discard)
        return group

    async def _commit(self, group: _Group) -> None:
        async with self._turn:
            self._group = None
            failure: Exception = Unavailable("records: the commit was broken off")
            try:
                await self._thread.run(group.commit)
                group.done.set_result(None)
            except (Unavailable, SQLAlchemyError) as error:
                failure = error
            finally:
                if not group.done.done():
                    group.done.set_exception(failure)
                    group.done.exception()  # perhaps nobody waits any more
                group.close()

    async def end(self) -> None:
        """Commit what is under way."""
        if self._commits:
            await asyncio.wait(self._commits)
