"""The way to the APIs behind the gateway: a pool of keep-alive connections.  RFC 9110 §9.2.2; RFC 9112 §9.3.1."""

import asyncio
from collections import deque
from typing import Final
from urllib.parse import urlsplit

import msgspec

from ringfence.gateway.ports import NotSent
from ringfence.gateway.upstream_connection import UpstreamConnection
from ringfence.gateway.upstream_headers import request_head
from ringfence.message import Headers, Response
from ringfence.policy.model import Upstream
from ringfence.problem import Reason, Refused

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
"""Methods that may be sent a second time where a kept connection broke unanswered.  RFC 9110 §9.2.2."""

HTTP_PORT: Final = 80


class LineStats(msgspec.Struct, frozen=True):
    """What one upstream's line holds at this moment."""

    open: int
    """Connections, being opened ones included."""
    idle: int
    waiting: int
    """Calls that wait for a connection."""


class _Line:
    """The connections to one upstream."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        parts = urlsplit(upstream.url)
        self._host = parts.hostname or ""
        self._port = parts.port or HTTP_PORT
        self.authority = parts.netloc
        self.prefix = parts.path.rstrip("/")
        self._open = 0
        self._connections: set[UpstreamConnection] = set()
        self._idle: list[UpstreamConnection] = []
        self._waiters: deque[asyncio.Future[UpstreamConnection | None]] = deque()
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def stats(self) -> LineStats:
        return LineStats(self._open, len(self._idle), len(self._waiters))

    async def acquire(self, *, fresh: bool = False) -> tuple[UpstreamConnection, bool]:
        """Return a connection and whether it is new.

        Of the kept ones it is the one used last: the least likely to be ended by the upstream
        meanwhile. None is given that is ended already, even if the loop has not noticed: a request
        that must not be sent twice would fail on it.

        Raises:
            Refused: UPSTREAM_BUSY, UPSTREAM_UNREACHABLE or UPSTREAM_TIMEOUT.
        """
        while self._idle and not fresh:
            connection = self._idle.pop()
            if connection.alive:
                return connection, False
            connection.abort()
        if self._open < self.upstream.max_connections:
            self._open += 1
            return await self._connect(), True
        given = await self._wait()
        if given is None:
            return await self._connect(), True
        if not fresh and given.alive:
            return given, False
        # The one that was handed over makes room for a new one.
        self._open += 1
        given.abort()
        return await self._connect(), True

    async def _connect(self) -> UpstreamConnection:
        """Open a connection in a place that is already counted."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.upstream.connect_timeout_seconds):
                _, connection = await loop.create_connection(
                    lambda: UpstreamConnection(self._released, self._gone), self._host, self._port
                )
        except TimeoutError:
            self._free()
            raise NotSent(Reason.UPSTREAM_TIMEOUT, private="connecting took too long") from None
        except OSError as why:
            self._free()
            raise NotSent(Reason.UPSTREAM_UNREACHABLE, private=f"connect: {why.strerror or why}") from None
        except BaseException:
            self._free()
            raise
        if not connection.lost:
            self._connections.add(connection)
        return connection

    async def _wait(self) -> UpstreamConnection | None:
        """Wait for a connection, or for the place of one (None)."""
        if len(self._waiters) >= self.upstream.max_waiting:
            raise NotSent(Reason.UPSTREAM_BUSY, private="too many calls wait already", headers=(("retry-after", "1"),))
        waiter: asyncio.Future[UpstreamConnection | None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(self.upstream.connect_timeout_seconds):
                return await waiter
        except BaseException as why:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            elif waiter.done() and not waiter.cancelled():
                self._give_back(waiter.result())
            if isinstance(why, TimeoutError):
                raise NotSent(
                    Reason.UPSTREAM_BUSY, private="no connection became free", headers=(("retry-after", "1"),)
                ) from None
            raise

    def _give_back(self, given: UpstreamConnection | None) -> None:
        if given is None:
            self._free()
        else:
            self._released(given)

    def _released(self, connection: UpstreamConnection) -> None:
        """Keep a connection whose exchange ended well, or hand it to the call that waits longest."""
        if self._closed:
            connection.abort()
        elif (waiter := self._next_waiter()) is not None:
            waiter.set_result(connection)
        else:
            loop = asyncio.get_running_loop()
            connection.expires = loop.time() + self.upstream.keep_alive_seconds
            self._idle.append(connection)
            if self._sweeper is None:
                self._sweeper = loop.call_at(connection.expires, self._sweep)

    def _gone(self, connection: UpstreamConnection) -> None:
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._free()

    def _free(self) -> None:
        """A place is free: give it to the call that waits longest."""
        self._open -= 1
        if self._open < self.upstream.max_connections and (waiter := self._next_waiter()) is not None:
            self._open += 1
            waiter.set_result(None)

    def _next_waiter(self) -> "asyncio.Future[UpstreamConnection | None] | None":
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                return waiter
        return None

    def _sweep(self) -> None:
        """Close connections that were not used for long; the list is in the order of their expiry."""
        self._sweeper = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._idle and self._idle[0].expires <= now:
            self._idle.pop(0).abort()
        if self._idle:
            self._sweeper = loop.call_at(self._idle[0].expires, self._sweep)

    def retire(self) -> None:
        """Close what is idle; what is busy ends with its exchange."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        while self._idle:
            self._idle.pop().abort()

    def close(self) -> None:
        """Close everything at once."""
        self.retire()
        for connection in tuple(self._connections):
            connection.abort()


class UpstreamPool:
    """Sends requests to upstreams: `gateway.ports.Sender`."""

    def __init__(self) -> None:
        """Begin without connections."""
        self._lines: dict[str, _Line] = {}
        self._retired: list[_Line] = []

    async def send(
        self, name: str, upstream: Upstream, method: str, target: str, headers: Headers, body: bytes
    ) -> Response:
        """Send a request and return the response.  Contract: `gateway.ports.Sender.send`.

        A request is sent a second time only where a kept connection broke before anything of a
        response came, and the method is idempotent; then on a new connection.
        """
        line = self._line(name, upstream)
        head = request_head(method, line.prefix + target, line.authority, headers, len(body))
        connection, fresh = await line.acquire()
        try:
            return await self._exchange(connection, method, head, body, upstream)
        except Refused:
            if fresh or not connection.broke_unanswered or method not in IDEMPOTENT:
                raise
        try:
            connection, _ = await line.acquire(fresh=True)
        except NotSent as why:  # the first time something may have been
            raise Refused(why.reason, private=why.private, headers=why.headers) from None
        return await self._exchange(connection, method, head, body, upstream)

    @staticmethod
    async def _exchange(
        connection: UpstreamConnection, method: str, head: bytes, body: bytes, upstream: Upstream
    ) -> Response:
        answer = connection.exchange(method, head, body, upstream)
        try:
            return await answer
        except asyncio.CancelledError:
            connection.give_up(answer)
            raise

    def _line(self, name: str, upstream: Upstream) -> _Line:
        line = self._lines.get(name)
        if line is not None and (line.upstream is upstream or line.upstream == upstream):
            return line
        if line is not None:
            line.retire()
            self._retired = [old for old in (*self._retired, line) if old.stats.open]
        line = self._lines[name] = _Line(upstream)
        return line

    def stats(self) -> dict[str, LineStats]:
        """Return what each upstream's line holds, by name."""
        return {name: line.stats for name, line in self._lines.items()}

    async def close(self) -> None:
        """Close every connection, exchanges under way included."""
        for line in (*self._lines.values(), *self._retired):
            line.close()
        await asyncio.sleep(0)
