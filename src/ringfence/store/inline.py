"""SQLite without a thread for each step: statements run on the event loop, where they take microseconds.

A driver that hands every step to a thread and back costs five hand-overs a statement, each dearer than the statement.
What may wait, for another process's lock or for the disk, still goes to a thread: BEGIN, COMMIT and migrations.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Dialect, Executable

T = TypeVar("T")


class Thread:
    """One thread, in which one process's writes wait for their turn one after the other."""

    def __init__(self) -> None:
        """Start nothing before there is something to wait for."""
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="records")

    async def run(self, work: Callable[[], T]) -> T:
        """Return what the work returns; a caller who is cancelled gets away only when the thread is done with it."""
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            # the connection is the thread's until then
            await asyncio.wait([future])
            raise

    def end(self) -> None:
        """Let go of the thread."""
        self._pool.shutdown(wait=False)


class InlineConnection:
    """What our records ask of an `AsyncConnection`, over one of SQLAlchemy's plain connections."""

    def __init__(self, connection: Connection, thread: Thread) -> None:
        """Take a connection that nobody else uses."""
        self._connection = connection
        self._thread = thread

    @property
    def dialect(self) -> Dialect:
        """The database's dialect of SQL."""
        return self._connection.dialect

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run a statement here and now.  Raises SQLAlchemyError."""
        return self._connection.execute(statement, parameters)

    @asynccontextmanager
    async def begin_nested(self) -> AsyncIterator[None]:
        """Undo what is done in the block, and nothing else, if it raises."""
        with self._connection.begin_nested():
            yield

    async def run_sync(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run what takes long in the thread.  Raises what it raises."""
        return await self._thread.run(lambda: work(self._connection, *arguments))
