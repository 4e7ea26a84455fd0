"""A response body on its way from an upstream to the caller, with back-pressure.  RFC 9112 §8."""

import asyncio
from collections import deque
from typing import Final, Protocol

from ringfence.problem import Refused

HIGH_WATER: Final = 65_536
"""Octets that wait for the caller before reading from the upstream pauses: one read's worth."""
LOW_WATER: Final = 16_384
"""Octets at which reading goes on."""


class Source(Protocol):
    """The connection that a body comes from."""

    def hold(self) -> None:
        """Stop reading."""
        ...

    def go_on(self) -> None:
        """Read again."""
        ...

    def abort(self) -> None:
        """Break off: nobody wants the rest."""
        ...


class Pipe:
    """What has come and was not yet taken. The connection puts, the stream takes."""

    __slots__ = ("_held", "_pieces", "_size", "_source", "_waiter", "ended", "error")

    def __init__(self, source: Source, pieces: list[bytes]) -> None:
        """Begin with the pieces that came together with the head."""
        self._source = source
        self._pieces = deque(pieces)
        self._size = sum(map(len, pieces))
        self._held = False
        self._waiter: asyncio.Future[None] | None = None
        self.ended = False
        self.error: Refused | None = None

    def put(self, piece: bytes) -> None:
        """Take a piece from the connection."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > HIGH_WATER and not self._held:
            self._held = True
            self._source.hold()
        self._wake()

    def end(self, error: Refused | None = None) -> None:
        """Nothing more comes; with an error, the body is cut short."""
        self.ended = True
        self.error = error
        self._wake()

    async def take(self) -> bytes | None:
        """Return what has come, or None at the end.  Raises Refused where the body was cut short."""
        while not self._pieces:
            if self.error is not None:
                raise self.error
            if self.ended:
                return None
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        piece = self._pieces.popleft()
        self._size -= len(piece)
        if self._held and self._size < LOW_WATER and not self.ended:
            self._held = False
            self._source.go_on()
        return piece

    def break_off(self) -> None:
        """Drop what is left, and the connection if more would come."""
        self._pieces.clear()
        if not self.ended:
            self._source.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class BodyStream:
    """A body for one reader. Closed or forgotten before its end, it takes its connection with it."""

    __slots__ = ("_pipe",)

    def __init__(self, pipe: Pipe) -> None:
        """Read from `pipe`."""
        self._pipe = pipe

    def __aiter__(self) -> "BodyStream":
        return self

    async def __anext__(self) -> bytes:
        piece = await self._pipe.take()
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Let go of what was not read."""
        self._pipe.break_off()

    def __del__(self) -> None:
        self._pipe.break_off()
