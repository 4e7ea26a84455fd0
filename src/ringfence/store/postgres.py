"""What PostgreSQL's driver needs to be told so that a database that is gone is noticed in two seconds.

Imported only where a policy names PostgreSQL: the driver comes with the extra `postgres`.
"""

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any, Final

import asyncpg
from sqlalchemy import URL
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from ringfence.clock import Seconds

CONNECT_SECONDS: Final[Seconds] = 2.0
"""How long a server may take to accept a connection: one in the same network takes milliseconds."""

GOODBYE_SECONDS: Final[Seconds] = 0.2
"""How long a connection that is given up may take to end in good form before it is cut."""

ABANDONED_MILLISECONDS: Final = 15_000
"""The server ends a transaction whose process went quiet after this, so that its locks do not outlive it."""

FAILURES: Final[tuple[type[Exception], ...]] = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""The driver's own exceptions, some of which SQLAlchemy lets through as they are."""


class Connection(asyncpg.Connection):  # type: ignore[misc]  # the driver has no types
    """A connection that does not wait for a silent server to say goodbye."""

    async def close(self, *, timeout: Seconds | None = None) -> None:  # noqa: ASYNC109 - the driver's own signature
        """Close in good form, or cut the connection where the server does not answer.  Raises TimeoutError."""
        await super().close(timeout=min(timeout or GOODBYE_SECONDS, GOODBYE_SECONDS))


def connect_arguments(answer_within: Seconds, tls: ssl.SSLContext | None) -> dict[str, Any]:
    """Return what `asyncpg.connect` is called with beside the address.

    Args:
        answer_within: how long the server may take to answer a statement.
        tls: verifies the server; None speaks without TLS, for a unix socket or a trusted network.
    """
    return {
        "connection_class": Connection,
        "timeout": CONNECT_SECONDS,
        "command_timeout": answer_within,
        "ssl": tls or False,
        "server_settings": {
            "application_name": "ringfence",
            "idle_in_transaction_session_timeout": str(ABANDONED_MILLISECONDS),
        },
    }


def _from_url(url: URL) -> dict[str, Any]:
    """Return the address as `asyncpg.connect` takes it."""
    arguments: dict[str, Any] = dialect().create_connect_args(url)[1]  # type: ignore[no-untyped-call]
    return arguments


class Reader:
    """Single look-ups by the driver itself: one way over the network each, on connections that are kept."""

    def __init__(self, url: URL, arguments: dict[str, Any], connections: int) -> None:
        """Prepare; nothing is opened yet.

        Args:
            url: the database.
            arguments: what `connect_arguments` returned.
            connections: how many look-ups may be under way at once.
        """
        self._arguments = _from_url(url) | arguments
        self._idle: list[Connection] = []
        self._turns = asyncio.Semaphore(connections)

    async def find(self, statement: str, key: str) -> Sequence[Any] | None:
        """Return the one row, or None.

        A connection that has ended since its last use costs nobody a refusal: the look-up is made on a new one.

        Raises:
            OSError, TimeoutError: the server is not there, or does not answer.
            asyncpg's own exceptions: as `FAILURES` says.
        """
        async with self._turns:
            while self._idle:
                connection = self._idle.pop()
                if not connection.is_closed():
                    try:
                        return await self._ask(connection, statement, key)
                    except (
                        asyncpg.PostgresConnectionError,
                        asyncpg.InterfaceError,
                        asyncpg.AdminShutdownError,
                        OSError,
                    ):
                        continue
            return await self._ask(await asyncpg.connect(**self._arguments), statement, key)

    async def _ask(self, connection: Connection, statement: str, key: str) -> Sequence[Any] | None:
        try:
            row: Sequence[Any] | None = await connection.fetchrow(statement, key)
        except BaseException:
            connection.terminate()  # also when the caller is gone: an answer may still be on its way
            raise
        self._idle.append(connection)
        return row

    def close(self) -> None:
        """Cut what is open."""
        while self._idle:
            self._idle.pop().terminate()
