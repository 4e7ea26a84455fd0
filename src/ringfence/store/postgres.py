"""What PostgreSQL's driver needs to be told so that a database that is gone is noticed in two seconds.

Imported only where a policy names PostgreSQL: the driver comes with the extra `postgres`.
"""

import ssl
from typing import Any, Final

import asyncpg

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
