"""A request body on its way: read on demand, bounded, never more in memory than was asked for.  RFC 9112 §6."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from ringfence.clock import Seconds
from ringfence.problem import Reason, Refused

READ_AHEAD: Final = 65_536
"""Octets taken before anybody asks for the body: one read of most bodies; then reading pauses."""

BODY_SECONDS: Final = 30.0
"""How long a whole body may take to arrive once it is asked for (also the edge's order of patience)."""

LATE: Final = "the body did not arrive in time"


class Flow(Protocol):
    """What the body needs of its connection."""

    def pause_reading(self) -> None:
        """Stop taking octets."""
        ...

    def resume_reading(self) -> None:
        """Take octets again."""
        ...


class RequestBody:
    """Collects one body. The connection feeds it; the gateway calls it with a limit."""

    __slots__ = (
        "_data",
        "_declared",
        "_done",
        "_flow",
        "_limit",
        "_lost",
        "_on_wanted",
        "_paused",
        "_seconds",
        "_waiter",
    )

    def __init__(
        self,
        flow: Flow,
        declared: int,
        *,
        on_wanted: Callable[[], None] | None = None,
        seconds: Seconds = BODY_SECONDS,
    ) -> None:
        """Begin empty.

        Args:
            flow: the connection.
            declared: the length from the head, -1 where it is not known.
            on_wanted: called once when the body is asked for before any of it arrived (`100-continue`).
            seconds: how long the body may take from then on.
        """
        self._flow = flow
        self._declared = declared
        self._on_wanted = on_wanted
        self._seconds = seconds
        self._data: bytes | bytearray = b""
        self._done = False
        self._lost = False
        self._limit: int | None = None
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None

    @property
    def done(self) -> bool:
        """Whether the whole body arrived."""
        return self._done

    async def __call__(self, limit: int) -> bytes:
        """Return the whole body.

        Args:
            limit: the most octets that are taken.

        Raises:
            Refused: BODY_TOO_LARGE, at once where the length is declared; BODY_INCOMPLETE, with
                status 408 where it did not come in time.
        """
        if max(self._declared, len(self._data)) > limit:
            raise self._too_large(limit)
        if not self._done and not self._lost:
            await self._arrive(limit)
        if self._lost:
            raise Refused(Reason.BODY_INCOMPLETE)
        if len(self._data) > limit:
            raise self._too_large(limit)
        return bytes(self._data)

    async def _arrive(self, limit: int) -> None:
        self._limit = limit
        if self._on_wanted is not None and not self._data:
            self._on_wanted()
        if self._paused:
            self._paused = False
            self._flow.resume_reading()
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._seconds):
                await self._waiter
        except TimeoutError:
            raise Refused(Reason.BODY_INCOMPLETE, LATE, status=408) from None
        finally:
            self._waiter = None

    def feed(self, piece: bytes) -> None:
        """Take a piece. Beyond the limit it is counted once and then thrown away."""
        held = len(self._data)
        if self._limit is not None and held > self._limit:
            return
        if not held:
            self._data = piece
        else:
            if isinstance(self._data, bytes):
                self._data = bytearray(self._data)  # many small pieces must not cost a copy each
            self._data += piece
        if self._limit is None:
            if len(self._data) >= READ_AHEAD and not self._paused:
                self._paused = True
                self._flow.pause_reading()
        elif len(self._data) > self._limit:
            self._wake()

    def end(self) -> None:
        """The body is complete."""
        self._done = True
        self._wake()

    def lose(self) -> None:
        """The connection ended or broke before the body was complete."""
        if not self._done:
            self._lost = True
            self._wake()

    def discard(self) -> None:
        """Nobody wants it any more: what arrives is thrown away."""
        self._data = b""
        self._limit = -1
        if self._paused:
            self._paused = False
            self._flow.resume_reading()

    def _too_large(self, limit: int) -> Refused:
        self.discard()
        return Refused(Reason.BODY_TOO_LARGE, f"at most {limit} octets")

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
