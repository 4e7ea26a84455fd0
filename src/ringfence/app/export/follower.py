"""Bring the stream of events to one sink: in order, at least once, from where it surely got to.

The stream on the disk is the buffer: a sink that is away or slow keeps nobody waiting, and what it missed is
read again from its cursor. The cursor moves after the sink has taken what it stands for.
"""

import asyncio
from collections import deque
from typing import Final

import msgspec
import structlog

from ringfence.app.export.retrying import back_off, keep_going
from ringfence.app.export.sink import Sink
from ringfence.clock import Clock, Instant, Seconds
from ringfence.export.line import Renders
from ringfence.ids import Random
from ringfence.store.cursors import Cursor, Cursors
from ringfence.store.interface import EventStream, StoredEvent, Unavailable

_log = structlog.get_logger("ringfence.export")

READ_AT_ONCE: Final = 500
LONGEST_FAILURE: Final = 300


class Follower:
    """One sink and its place in the stream."""

    def __init__(
        self,
        name: str,
        sink: Sink,
        rendering: Renders,
        stream: EventStream,
        cursors: Cursors,
        clock: Clock,
        random: Random,
    ) -> None:
        """Follow `stream` for `sink`; `name` stands in logs, and is that of the cursor."""
        self._name = name
        self._sink = sink
        self._rendering = rendering
        self._stream = stream
        self._cursors = cursors
        self._clock = clock
        self._random = random
        self._cursor: Cursor | None = None
        self._sent = 0
        """Position up to which lines were handed over; the cursor follows when they have settled."""
        self._unsettled: deque[tuple[Instant, int]] = deque()
        self._failures = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until told to stop; failures are waited out."""
        await keep_going(self._name, self, stop)
        await self._sink.close()

    async def step(self) -> bool:
        """Bring one batch; say whether there may be more.

        Raises:
            Away: the sink takes nothing; what has not settled will be sent again.
            Unavailable: the stream or the cursor cannot be used.
        """
        cursor = self._cursor or await self._begin()
        if self._unsettled:
            self._sink.require_whole()
        batch = await self._stream.read(self._sent, READ_AT_ONCE)
        if batch:
            await self._bring(batch)
        await self._settle()
        if cursor.failing_since is not None:
            await self._keep(msgspec.structs.replace(self._known(), failing_since=None, failure=""))
        return len(batch) == READ_AT_ONCE

    async def failed(self, why: str) -> Seconds:
        """Go back to the cursor, note why, and return how long to wait: a random part of a doubling time."""
        self._failures += 1
        await self._sink.close()
        self._unsettled.clear()
        cursor = self._cursor
        self._cursor = None  # read again: nothing is believed that is not on the disk
        if cursor is not None:
            try:
                if cursor.failing_since is None or cursor.failure != why[:LONGEST_FAILURE]:
                    since = cursor.failing_since or self._clock()
                    failing = msgspec.structs.replace(cursor, failing_since=since, failure=why[:LONGEST_FAILURE])
                    await self._keep(failing)
                    _log.warning("sink takes nothing", sink=self._name, why=why)
            except Unavailable as unkept:
                _log.warning("cursor cannot be kept", sink=self._name, why=str(unkept))
            self._cursor = None
        return back_off(self._failures, self._random)

    async def _begin(self) -> Cursor:
        last = await self._stream.last()
        cursor = await asyncio.to_thread(self._cursors.read, self._name)
        if cursor is None:
            cursor = Cursor(position=0, at=self._clock())
            await asyncio.to_thread(self._cursors.write, self._name, cursor)
        elif cursor.position > last:
            _log.warning("the stream is another one: beginning at its start", sink=self._name)
            cursor = msgspec.structs.replace(cursor, position=0)
        self._cursor, self._sent = cursor, cursor.position
        return cursor

    def _known(self) -> Cursor:
        return self._cursor or Cursor()

    async def _bring(self, batch: list[StoredEvent]) -> None:
        lines = self._rendering.lines(batch)
        while lines:
            taken = await self._sink.send(lines[: self._sink.most])
            self._failures = 0
            await self._handed(lines[taken - 1].position, on_its_way=True)
            lines = lines[taken:]
        await self._handed(batch[-1].position, on_its_way=bool(self._unsettled))

    async def _handed(self, position: int, *, on_its_way: bool) -> None:
        """Note that everything up to a position was handed over, or is not for this sink."""
        if position == self._sent:
            return
        self._sent = position
        if self._sink.settles_after and on_its_way:
            self._unsettled.append((self._clock(), position))
            await self._settle()
        else:
            await self._keep(msgspec.structs.replace(self._known(), position=position, at=self._clock()))

    async def _settle(self) -> None:
        """Move the cursor over what was sent long enough ago on a way that still stands."""
        now, settled = self._clock(), 0
        while self._unsettled and self._unsettled[0][0] + self._sink.settles_after <= now:
            settled = self._unsettled.popleft()[1]
        if settled:
            self._sink.require_whole()
            await self._keep(msgspec.structs.replace(self._known(), position=settled, at=now))

    async def _keep(self, cursor: Cursor) -> None:
        await asyncio.to_thread(self._cursors.write, self._name, cursor)
        self._cursor = cursor
