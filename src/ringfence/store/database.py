"""A database of records: connections, reading and writing transactions, and its one failure, `Unavailable`."""

import asyncio
import sqlite3
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import msgspec
from sqlalchemy import URL, Engine, PoolProxiedConnection, create_engine, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ringfence.clock import Seconds
from ringfence.store import sqlite
from ringfence.store.group import GroupedWrites
from ringfence.store.inline import InlineConnection, Thread
from ringfence.store.interface import Unavailable
from ringfence.store.lookups import Lookup

S = TypeVar("S", bound=msgspec.Struct)

CONNECTIONS = 5
"""Connections of one process: logins and token requests wait for each other rather than for the database."""

WAIT_SECONDS = 10.0
"""SQLite: how long a request waits for a connection, or for another process's write, before it is answered 503."""

ANSWER_SECONDS = 2.0
"""PostgreSQL: how long a whole transaction may take, connecting included; a database that is gone costs a caller this."""

MISSING_DRIVER = "records: PostgreSQL needs the extra: pip install 'ringfence[postgres]'"

QUEUE_SECONDS = 5.0
"""How long a write waits for this process's own earlier ones: a thousand of them, unless somebody holds the file."""


class Database:
    """An engine whose transactions are either reading or writing."""

    def __init__(
        self,
        url: str | URL,
        tls: ssl.SSLContext | None = None,
        answer_within: Seconds = ANSWER_SECONDS,
        *,
        wait_seconds: Seconds = WAIT_SECONDS,
        queue_seconds: Seconds = QUEUE_SECONDS,
    ) -> None:
        """Prepare connections; none is opened yet.

        Args:
            url: for example `sqlite+aiosqlite:////path/records.db` or `postgresql+asyncpg://user@host/name`.
            tls: verifies a PostgreSQL server; None speaks to it without TLS.
            answer_within: the longest transaction with PostgreSQL, in seconds.
            wait_seconds: SQLite: how long to wait for a connection, or for another process's write.
            queue_seconds: SQLite: how long a write waits for this process's own earlier ones.

        Raises:
            Unavailable: the driver of this kind of database is not installed.
        """
        options: dict[str, Any] = {"pool_size": CONNECTIONS, "max_overflow": 0, "pool_timeout": wait_seconds}
        options["hide_parameters"] = True  # an error's text reaches log and events; hashes and names must not
        self._failures: tuple[type[Exception], ...] = (SQLAlchemyError, sqlite3.Error, OSError)
        self._longest: Seconds | None = None
        postgresql = make_url(url).get_backend_name() == "postgresql"
        if postgresql:
            try:
                from ringfence.store import postgres  # noqa: PLC0415 - its driver is an optional extra
            except ImportError as error:
                raise Unavailable(MISSING_DRIVER) from error
            self._failures += postgres.FAILURES
            self._longest = answer_within
            arguments = postgres.connect_arguments(answer_within, tls)
            self._lookups = postgres.Reader(make_url(url), arguments, CONNECTIONS)
            options |= {
                "pool_timeout": answer_within,
                "pool_pre_ping": True,  # a server that was restarted costs nobody a refusal
                "connect_args": arguments,
            }
        self._engine: AsyncEngine | None = None
        self._file: Engine | None = None
        self._held: PoolProxiedConnection | None = None  # for look-ups in a file
        if postgresql:
            self._engine = create_async_engine(url, **options)
            # A single statement needs no BEGIN and ROLLBACK around it, two ways over the network.
            self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        else:
            options["max_overflow"] = -1  # connections to a file cost little, and nobody must wait for one in the loop
            self._file = create_engine(make_url(url).set(drivername="sqlite+pysqlite"), **options)
            sqlite.prepare(self._file, wait_seconds)
            self._thread = Thread()
            # SQLite lets one write at a time and makes the others poll; queueing here is quicker and fairer.
            self._writes = GroupedWrites(self._file, self._thread, queue_seconds)

    async def find(self, lookup: Lookup[S], key: str) -> S | None:
        """Return the record of that key, or None.  Raises Unavailable."""
        try:
            if self._file is not None:
                row = self._find_in_file(self._file, lookup.statement("?"), key)
            else:
                async with asyncio.timeout(self._longest):
                    row = await self._lookups.find(lookup.statement("$1"), key)
        except self._failures as error:
            # no driver's text of a statement: it may tell a name
            raise Unavailable(f"records: {type(error).__name__}") from error
        return None if row is None else lookup.record(row)

    def _find_in_file(self, file: Engine, statement: str, key: str) -> Sequence[Any] | None:
        if self._held is None:
            self._held = file.raw_connection()
        driver: Any = self._held.driver_connection
        rows: list[Sequence[Any]] = driver.execute(statement, (key,)).fetchall()
        return rows[0] if rows else None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection for single statements that only read.  Raises Unavailable."""
        try:
            if self._file is not None:
                with self._file.connect() as plain:
                    yield cast("AsyncConnection", InlineConnection(plain, self._thread))
            else:
                async with asyncio.timeout(self._longest), self._reader.connect() as connection:
                    yield connection
        except self._failures as error:
            raise Unavailable(f"records: {error or type(error).__name__}") from error

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a writing transaction, committed when the block ends, undone when it raises.

        Raises:
            Unavailable: also when the commit failed, for example on a full disk; then nothing was kept. Only a
                server lost in the middle of a commit may have kept it: what is single use is then used up.
        """
        try:
            if self._file is not None:
                async with self._writes.write() as inline:
                    yield cast("AsyncConnection", inline)
            else:
                async with self._writing_server() as connection:
                    yield connection
        except self._failures as error:
            raise Unavailable(f"records: {error or type(error).__name__}") from error

    @asynccontextmanager
    async def _writing_server(self) -> AsyncIterator[AsyncConnection]:
        assert self._engine is not None
        async with asyncio.timeout(self._longest), self._engine.begin() as connection:
            yield connection

    async def close(self) -> None:
        """Close all connections."""
        if self._engine is not None:
            self._lookups.close()
            await self._engine.dispose()
        if self._file is not None:
            await self._writes.end()
            if self._held is not None:
                self._held.close()
            self._file.dispose()
            self._thread.end()
