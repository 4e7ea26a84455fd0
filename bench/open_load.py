"""Callers who do not wait for each other: calls begin when their time has come, whatever became of those before.

A generator that waits for answers before it sends more slows down with the server and hides what a server at its limit
does. Times are counted from the moment a call was due.
"""

import asyncio
import contextlib
import math
import random
import ssl
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Self, cast

import httptools
import msgspec

ANSWER_SECONDS = 20.0
"""How long to wait for the last answers; an upstream's time limit is 15 s."""


class Due(msgspec.Struct, frozen=True):
    """A call to be made."""

    at: float
    """Seconds from the beginning."""
    kind: str
    request: bytes


class Came(msgspec.Struct, frozen=True):
    """What came of a call."""

    at: float
    """When it was due."""
    kind: str
    status: int
    """0: the connection ended instead; -1: there was no connection to send it on."""
    seconds: float


def by_chance(rate: float, seconds: float, chosen: random.Random) -> list[float]:
    """Return moments at which independent callers call, `rate` a second on the whole."""
    moments, at = [], chosen.expovariate(rate)
    while at < seconds:
        moments.append(at)
        at += chosen.expovariate(rate)
    return moments


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value under which that share of all lies; not a number where there is none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else math.nan


class _Connection(asyncio.Protocol):
    """Sends one call at a time."""

    def __init__(self, pool: "Callers") -> None:
        self._pool = pool
        self._call: Due | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports are no subclass of it

    def send(self, call: Due) -> None:
        self._call = call
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(call.request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._end(self._parser.get_status_code())
        if self._transport.is_closing() or not self._parser.should_keep_alive():
            self._transport.close()
        else:
            self._pool.idle.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self in self._pool.idle:
            self._pool.idle.remove(self)
        self._end(0)

    def close(self) -> None:
        self._transport.abort()

    def _end(self, status: int) -> None:
        if self._call is not None:
            call, self._call = self._call, None
            self._pool.came(call, status)


class Callers:
    """Connections to one TLS port of this machine."""

    def __init__(self, port: int) -> None:
        """Begin without connections."""
        self.idle: deque[_Connection] = deque()
        self._port = port
        self._all: list[_Connection] = []
        self._came: list[Came] = []
        self._out = 0
        self._none_out = asyncio.Event()
        self._began = 0.0

    async def connect(self, count: int) -> Self:
        """Open connections, a few at once: a handshake costs both sides a millisecond."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the bench's own certificate
        loop = asyncio.get_running_loop()
        for _ in range(count):
            _, opened = await loop.create_connection(
                lambda: _Connection(self), "127.0.0.1", self._port, ssl=context, server_hostname="localhost"
            )
            self.idle.append(opened)
            self._all.append(opened)
        return self

    def came(self, call: Due, status: int) -> None:
        """Note what came of a call."""
        self._out -= 1
        if not self._out:
            self._none_out.set()
        now = asyncio.get_running_loop().time()
        self._came.append(Came(call.at, call.kind, status, now - self._began - call.at))

    async def make(self, calls: Iterable[Due]) -> list[Came]:
        """Make calls, in the order of their time, and return what came of them when all have ended: in the order of that."""
        loop = asyncio.get_running_loop()
        self._began, self._came = loop.time(), []
        for call in calls:
            if (early := self._began + call.at - loop.time()) > 0:
                await asyncio.sleep(early)
            if self.idle:
                self._out += 1
                self._none_out.clear()
                # the one that has rested longest would be the first that the server ends: take the last
                self.idle.pop().send(call)
            else:
                self._came.append(Came(call.at, call.kind, -1, 0.0))
        if self._out:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._none_out.wait(), ANSWER_SECONDS)
        return self._came

    def close(self) -> None:
        """End all connections."""
        for connection in self._all:
            connection.close()
