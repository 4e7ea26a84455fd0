"""Tell one channel of alerts: in order, at least once, and never more messages than people can read.

The stream on the disk is the queue. What may go goes one by one; what comes while no message may go comes together in
a digest. A message is noted before it goes, so that it has the same id whenever it is tried again, also after a death.
"""

import asyncio
from collections import deque
from typing import Final, Protocol

import msgspec
import structlog

from ringfence.app.export.follower import LONGEST_FAILURE, READ_AT_ONCE
from ringfence.app.export.retrying import back_off, keep_going
from ringfence.app.export.sink import Unwanted
from ringfence.clock import Clock, Instant, Seconds
from ringfence.export.notice import Notice, Noticing
from ringfence.export.telling import Message
from ringfence.ids import Random
from ringfence.policy.notify_model import Channel
from ringfence.store.cursors import Cursor, Cursors
from ringfence.store.gcra import pour
from ringfence.store.interface import Bucket, EventStream, Unavailable

_log = structlog.get_logger("ringfence.notify")

HOUR: Final[Seconds] = 3600.0
NOTE_EVERY: Final[Seconds] = 1.0
"""How often it is noted how far the stream has been read where there was nothing to tell."""


class Tells(Protocol):
    """Brings messages to people."""

    async def tell(self, message: Message) -> None:
        """Return when the message is taken.  Raises Away; Unwanted where this very message is refused."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...


class Teller:
    """One channel and its place in the stream."""

    def __init__(
        self,
        name: str,
        way: Tells,
        noticing: Noticing,
        settings: Channel,
        stream: EventStream,
        cursors: Cursors,
        clock: Clock,
        random: Random,
    ) -> None:
        """Tell `way` of what `noticing` takes from the stream; `name` is that of the cursor."""
        self._name = name
        self._way = way
        self._noticing = noticing
        self._settings = settings
        interval = HOUR / settings.most_per_hour
        self._bucket = Bucket(name.encode(), interval, interval * (settings.at_once - 1))
        self._stream = stream
        self._cursors = cursors
        self._clock = clock
        self._random = random
        self._cursor: Cursor | None = None
        self._scanned = 0
        self._waiting: deque[Notice] = deque()
        self._failures = self._refused = 0
        self._noted_at = Instant(0.0)

    async def run(self, stop: asyncio.Event) -> None:
        """Tell until told to stop; failures are waited out."""
        await keep_going(self._name, self, stop)
        await self._way.close()

    async def step(self) -> bool:
        """Send one message if there is one; say whether there may be more.

        Raises:
            Away: nobody takes it; it will be sent again.
            Unavailable: the stream or the cursor cannot be used.
        """
        await self._gather(self._cursor or await self._begin())
        message = await self._next()
        if message is None:
            return False
        try:
            await self._way.tell(message)
        except Unwanted:
            self._refused += 1
            if self._refused < self._settings.attempts:
                raise
            _log.error("message given up", channel=self._name, message=message.message_id, alerts=len(message.notices))
            await self._told(message, given_up=len(message.notices))
        else:
            await self._told(message, given_up=0)
        return bool(self._waiting)

    async def failed(self, why: str) -> Seconds:
        """Note why nothing goes, and return how long to wait."""
        self._failures += 1
        await self._way.close()
        cursor, why = self._cursor, why[:LONGEST_FAILURE]
        if cursor is not None and (cursor.failing_since is None or cursor.failure != why):
            _log.warning("channel takes nothing", channel=self._name, why=why)
            since = cursor.failing_since or self._clock()
            try:
                await self._keep(msgspec.structs.replace(cursor, failing_since=since, failure=why))
            except Unavailable as unkept:
                _log.warning("cursor cannot be kept", channel=self._name, why=str(unkept))
        return back_off(self._failures, self._random)

    async def _begin(self) -> Cursor:
        """Go on from the cursor; a new channel begins with what happens next."""
        last = await self._stream.last()
        cursor = await asyncio.to_thread(self._cursors.read, self._name)
        if cursor is None:
            cursor = Cursor(position=last, at=self._clock())
        elif cursor.position > last:
            _log.warning("the stream is another one: beginning at its start", channel=self._name)
            cursor = msgspec.structs.replace(cursor, position=0, telling=0)
        self._waiting.clear()
        self._scanned = cursor.position
        return await self._keep(cursor)

    async def _gather(self, cursor: Cursor) -> None:
        """Read what is new, and drop the oldest of what waits beyond the bound."""
        last, dropped = await self._stream.last(), 0
        if last < self._scanned:
            cursor = await self._begin()
        while self._scanned < last:
            batch = await self._stream.read(self._scanned, READ_AT_ONCE)
            if not batch:
                break
            self._waiting += self._noticing.notices(batch)
            self._scanned = batch[-1].position
            while len(self._waiting) > self._settings.keep:
                self._waiting.popleft()
                dropped += 1
        now = self._clock()
        changed = len(self._waiting) != cursor.waiting or dropped
        if dropped:
            _log.error("alerts dropped: nobody takes them", channel=self._name, alerts=dropped)
        if changed or (self._position() != cursor.position and not 0 <= now - self._noted_at < NOTE_EVERY):
            further = msgspec.structs.replace(
                cursor,
                position=self._position(),
                at=now,
                waiting=len(self._waiting),
                dropped=cursor.dropped + dropped,
                untold=cursor.untold + dropped,
            )
            await self._keep(further)

    def _position(self) -> int:
        """Return up to where everything has been told, or is not for this channel."""
        return self._waiting[0].position - 1 if self._waiting else self._scanned

    async def _next(self) -> Message | None:
        """Return the message that is to go now: the one under way, or a new one if one may go."""
        cursor = self._cursor or Cursor()
        under_way = tuple(notice for notice in self._waiting if notice.position <= cursor.telling)
        if under_way:
            return Message(under_way, cursor.untold)
        fill = pour(self._bucket, cursor.tat or None, self._clock())
        paid = cursor.telling > 0  # for a message that never went: all its alerts have been dropped
        if not self._waiting or (fill.over > 0 and not paid):
            return None
        # The last message that may go now takes all that wait: what comes after it has a pause to gather in.
        chosen = (self._waiting[0],) if fill.more >= 1 else tuple(self._waiting)
        await self._keep(
            msgspec.structs.replace(cursor, telling=chosen[-1].position, tat=cursor.tat if paid else fill.tat)
        )
        return Message(chosen, cursor.untold)

    async def _told(self, message: Message, given_up: int) -> None:
        while self._waiting and self._waiting[0].position <= message.until:
            self._waiting.popleft()
        self._failures = self._refused = 0
        cursor = self._cursor or Cursor()
        await self._keep(
            msgspec.structs.replace(
                cursor,
                position=self._position(),
                at=self._clock(),
                waiting=len(self._waiting),
                telling=0,
                untold=0,
                failing_since=None,
                failure="",
                given_up=cursor.given_up + given_up,
            )
        )

    async def _keep(self, cursor: Cursor) -> Cursor:
        await asyncio.to_thread(self._cursors.write, self._name, cursor)
        self._cursor, self._noted_at = cursor, self._clock()
        return cursor
