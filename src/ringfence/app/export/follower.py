"""Bring the stream of events to one sink: in order, at least once, from where it surely got to.

The stream on the disk is the buffer: a sink that is away or slow keeps nobody waiting, and what it missed is
read again from its cursor. The cursor moves after the sink has taken what it stands for.
"""

import asyncio
from collections import deque
from typing import Final

import msgspec
import structlog

from ringfence.app.export.sink import Away, Sink
from ringfence.clock import Clock, Instant, Seconds
from ringfence.export.line import Renders
from ringfence.ids import Random
from ringfence.store.cursors import Cursor, Cursors
from ringfence.store.interface import EventStream, StoredEvent, Unavailable

_log = structlog.get_logger("ringfence.export")

READ_AT_ONCE: Final = 500
IDLE: Final[Seconds] = 0.25
"""Between two looks when nothing is new."""
FIRST_WAIT: Final[Seconds] = 0.5
LONGEST_WAIT: Final[Seconds] = 30.0
"""Of the back-off: so long after a sink has come back it may take until it is used again."""
LONGEST_FAILURE: Final = 300


class Course(msgspec.Struct, frozen=True):
    """How a sink is followed up."""

    name: str
    """In logs and as the name of the cursor."""
    from_now: bool = False
    """A new sink begins with what happens next, not with the first event that is kept."""
    attempts: int = 0
    """After so many failures at the same place the event is given up; 0: never."""


class Follower:
    """One sink and its place in the stream."""

    def __init__(
        self,
        course: Course,
        sink: Sink,
        rendering: Renders,
        stream: EventStream,
        cursors: Cursors,
        clock: Clock,
        random: Random,
    ) -> None:
        """Follow `stream` for `sink`."""
        self._course = course
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
        while not stop.is_set():
            try:
                busy = await self.step()
                wait = 0.0 if busy else IDLE
            except (Away, Unavailable) as why:
                wait = await self.failed(str(why))
            except Exception as why:  # noqa: BLE001 - one sink's trouble is not the end of its follower: it is told, and tried again
                _log.exception("sink failed", sink=self._course.name)
                wait = await self.failed(f"failed: {type(why).__name__}")
            if wait:
                await _wait(stop, wait)
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
                if self._course.attempts and self._failures >= self._course.attempts:
                    await self._give_up(cursor)
                elif cursor.failing_since is None or cursor.failure != why[:LONGEST_FAILURE]:
                    since = cursor.failing_since or self._clock()
                    failing = msgspec.structs.replace(cursor, failing_since=since, failure=why[:LONGEST_FAILURE])
                    await self._keep(failing)
                    _log.warning("sink takes nothing", sink=self._course.name, why=why)
            except Unavailable as unkept:
                _log.warning("cursor cannot be kept", sink=self._course.name, why=str(unkept))
            self._cursor = None
        longest = min(LONGEST_WAIT, FIRST_WAIT * (1 << max(0, min(self._failures - 1, 16))))
        share = int.from_bytes(self._random(4), "big") / 2**32
        return longest * (0.5 + share / 2)

    async def _begin(self) -> Cursor:
        last = await self._stream.last()
        cursor = await asyncio.to_thread(self._cursors.read, self._course.name)
        if cursor is None:
            cursor = Cursor(position=last if self._course.from_now else 0, at=self._clock())
            await asyncio.to_thread(self._cursors.write, self._course.name, cursor)
        elif cursor.position > last:
            _log.warning("the stream is another one: beginning at its start", sink=self._course.name)
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

    async def _give_up(self, cursor: Cursor) -> None:
        """Leave out the event that is not taken, and count it."""
        batch = await self._stream.read(cursor.position, READ_AT_ONCE)
        wanted = self._rendering.lines(batch)
        if wanted:
            _log.error("given up", sink=self._course.name, position=wanted[0].position)
            given_up = Cursor(position=wanted[0].position, at=self._clock(), given_up=cursor.given_up + 1)
            await self._keep(given_up)
            self._failures = 0

    async def _keep(self, cursor: Cursor) -> None:
        await asyncio.to_thread(self._cursors.write, self._course.name, cursor)
        self._cursor = cursor


async def _wait(stop: asyncio.Event, wait: Seconds) -> None:
    try:
        await asyncio.wait_for(stop.wait(), wait)
    except TimeoutError:
        return
