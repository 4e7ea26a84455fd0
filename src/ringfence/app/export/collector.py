"""A sink that is a syslog collector over TCP or TLS.  RFC 6587 §3.4.1; RFC 5425.

Syslog has no acknowledgement. A line therefore counts as taken only when the connection has stood for some
seconds after it; when it breaks, what has not settled is sent again on the next one.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from typing import Final

from ringfence.app.export.sink import Away
from ringfence.clock import Seconds
from ringfence.export.line import Line
from ringfence.export.syslog import to_syslog

CONNECT_WITHIN: Final[Seconds] = 10.0
SEND_WITHIN: Final[Seconds] = 30.0
"""For a batch: a collector that reads slower than this is one that is away."""
SETTLES_AFTER: Final[Seconds] = 3.0


class Collector:
    """`Sink` over one connection at a time."""

    most = 200

    def __init__(
        self,
        host: str,
        port: int,
        tls: Callable[[], ssl.SSLContext] | None,
        origin: str,
        facility: int,
        settles_after: Seconds = SETTLES_AFTER,
    ) -> None:
        """Send to `host`; `tls` makes the context for each connection, so that new files count; `origin` is our host name."""
        self._host = host
        self._port = port
        self._tls = tls
        self._origin = origin
        self._facility = facility
        self.settles_after = settles_after
        self._writer: asyncio.StreamWriter | None = None
        self._end: asyncio.Task[bytes] | None = None

    async def send(self, lines: Sequence[Line]) -> int:
        """Hand the lines to the connection.  Raises Away."""
        try:
            if self._writer is None:
                async with asyncio.timeout(CONNECT_WITHIN):
                    await self._connect()
            self.require_whole()
            assert self._writer is not None
            async with asyncio.timeout(SEND_WITHIN):
                self._writer.write(b"".join(to_syslog(line, self._origin, self._facility) for line in lines))
                await self._writer.drain()
        except TimeoutError:
            await self.close()
            raise Away(f"{self._host}:{self._port} does not read") from None
        except OSError as error:  # ssl.SSLError is one
            await self.close()
            raise Away(f"{self._host}:{self._port}: {error}") from error
        self.require_whole()
        return len(lines)

    def require_whole(self) -> None:
        """Return if the connection stands. Nobody answers in syslog: whatever is read is its end.  Raises Away."""
        if self._writer is None or self._writer.is_closing() or self._end is None or self._end.done():
            raise Away(f"{self._host}:{self._port}: the connection ended")

    async def close(self) -> None:
        """Close the connection."""
        if self._end is not None:
            self._end.cancel()
            await asyncio.gather(self._end, return_exceptions=True)
            self._end = None
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def _connect(self) -> None:
        tls = self._tls() if self._tls is not None else None
        reader, self._writer = await asyncio.open_connection(
            self._host, self._port, ssl=tls, server_hostname=self._host if tls is not None else None
        )
        # Small, so that `drain` waits for a collector that is behind, and little is on its way at a time.
        self._writer.transport.set_write_buffer_limits(high=65_536)
        self._end = asyncio.create_task(reader.read(1))
