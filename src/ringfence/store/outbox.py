"""Take events in microseconds and bring them to the stream in batches, each exactly once.

An event is taken when its line stands in the role's journal. A task ships batches from the journal to the
stream, which notes in the same transaction how far it has got; after a crash the shipping goes on there.
"""

import asyncio
import contextlib
from pathlib import Path
from typing import Final, Literal

from ringfence.clock import Clock, system_clock
from ringfence.events import Event, encode
from ringfence.events.audit import JournalEnded
from ringfence.events.weight import is_weighty
from ringfence.ids import Random
from ringfence.store.interface import EventStream, Unavailable
from ringfence.store.journal import UNKNOWN, Journal

BATCH_SECONDS: Final = 0.05
"""How long events wait for company before they are shipped."""

BATCH_BYTES: Final = 1 << 18
"""Most bytes of one batch: some 500 events."""

ROTATE_BYTES: Final = 4 << 20
"""A journal that has grown to this is followed by a fresh one, and removed when it has been shipped."""

ADOPT_SECONDS: Final = 5.0
"""How often journals of dead processes are looked for."""

RETRY_SECONDS: Final = 1.0
"""How long after a failure the stream is tried again."""

SPILL_BYTES: Final = 256 << 20
"""Most bytes that wait in a role's journals while the stream cannot be written."""

UNDER_WAY_BYTES: Final = 8 << 20
"""Room beyond that for calls that had been let through when the limit was reached."""

_ENDED: Final = b'{"event":"journal.ended.v1"'


class Outbox:
    """The events of one role on their way; it does what the gateway's port `Events` asks.

    `emit` and `ready` are to be called on the event loop that `start` ran on.
    """

    def __init__(
        self,
        stream: EventStream,
        directory: Path,
        role: str,
        random: Random,
        *,
        on_outage: Literal["refuse", "spill"] = "refuse",
        limit_bytes: int = SPILL_BYTES,
        clock: Clock = system_clock,
    ) -> None:
        """Prepare; nothing is opened before `start`.

        Args:
            stream: where the events go. It stays the caller's to close, after this.
            directory: where the journals of all roles lie; on a local disk, mode 0700.
            role: names this process's journals: letters, digits and `_`.
            random: makes the journals' names.
            on_outage: whether calls are refused as soon as the stream fails, or first when the journal is full.
            limit_bytes: how much may wait.
            clock: tells when a journal ended.
        """
        self._stream = stream
        self._directory = directory
        self._role = role
        self._random = random
        self._refuse = on_outage == "refuse"
        self._limit = limit_bytes
        self._clock = clock
        self._journal: Journal | None = None
        self._older: list[Journal] = []
        self._older_bytes = 0
        self._failure = ""
        self._weighty = 0
        self._settled = 0
        self._wake = asyncio.Event()
        self._full = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open a journal and start shipping, what dead processes left behind first.  Raises Unavailable."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"event journal: {error}") from error
        self._adopt()
        self._journal = Journal.create(self._directory, self._role, self._random)
        self._task = asyncio.create_task(self._ship(), name=f"outbox of {self._role}")

    def ready(self) -> None:
        """Return if the event of a call that is let through now is sure to be kept.  Raises Unavailable."""
        journal = self._open_journal()
        if journal.flushing.failure:
            raise Unavailable(journal.flushing.failure)
        if self._failure and self._refuse:
            raise Unavailable(self._failure)
        if journal.waiting + self._older_bytes > self._limit:
            raise Unavailable(f"event journal: at its limit. {self._failure}")
        journal.reserve()

    def emit(self, event: Event) -> None:
        """Take an event: when this returns it survives this process.  Raises Unavailable."""
        journal = self._open_journal()
        if journal.waiting + self._older_bytes > self._limit + UNDER_WAY_BYTES:
            raise Unavailable(f"event journal: full. {self._failure}")
        journal.append(encode(event) + b"\n")
        self._weighty += is_weighty(event)
        self._wake.set()
        if journal.waiting > BATCH_BYTES:
            self._full.set()

    async def settle_weighty(self) -> None:
        """Do the same if something weighty has been taken that may not be on the disk yet.  Raises Unavailable."""
        taken = self._weighty
        if taken > self._settled:
            await self.settle()
            self._settled = max(self._settled, taken)

    async def settle(self) -> None:
        """Return when every event that has been taken is on the disk; one flush serves all who wait.

        Raises:
            Unavailable: an event may be lost with the machine's power. Nothing is taken until a fresh journal is open.
        """
        current = self._open_journal()
        # An older one may hold an event that was taken just before it was followed by a fresh one.
        for journal in (*self._older, current):
            await journal.flushing.flush()

    def _open_journal(self) -> Journal:
        if self._journal is None or self._task is None or self._task.done():
            raise Unavailable("event journal: not open")
        return self._journal

    async def flush(self) -> None:
        """Ship everything that has been taken by now.  Raises Unavailable."""
        while self._older:
            oldest = self._older[0]
            while await self._ship_batch(oldest):
                pass
            del self._older[0]
            self._older_bytes -= oldest.size
            if not oldest.ended and oldest.shipped and self._journal is not None:
                self._tell_end(self._journal, oldest.name, oldest.shipped)
            await oldest.flushing.idle()
            # The file goes before the note of it: the other way round, a crash in between would ship it twice.
            oldest.remove()
            with contextlib.suppress(Unavailable):  # a note too many does no harm
                await self._stream.retire(oldest.name)
        journal = self._journal
        if journal is not None:
            target = journal.size
            while journal.shipped < target:
                await self._ship_batch(journal)

    async def close(self) -> None:
        """Ship what waits and stop; what cannot be shipped stays in the journal for the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._retire_journal()
        with contextlib.suppress(Unavailable):
            await self.flush()
        for left in self._older:
            await left.flushing.idle()
            left.close()
        self._older = []

    def _retire_journal(self) -> None:
        if self._journal is not None:
            if self._journal.size:
                with contextlib.suppress(Unavailable):  # whoever removes it will tell instead
                    self._tell_end(self._journal, self._journal.name, self._journal.size)
            self._older.append(self._journal)
            self._older_bytes += self._journal.size
            self._journal = None

    def _tell_end(self, where: Journal, producer: str, size: int) -> None:
        """Put on record how much a journal held, so that its last events cannot be left out unseen.  Raises Unavailable."""
        where.append(encode(JournalEnded(self._clock(), producer, size)) + b"\n")

    def _adopt(self) -> None:
        for journal in Journal.adopt(self._directory):
            self._older.append(journal)
            self._older_bytes += journal.size

    async def _ship(self) -> None:
        """Ship for ever: a batch when there is one, and journals of the dead every now and then."""
        clock = asyncio.get_running_loop().time
        adopt_at = clock() + ADOPT_SECONDS
        while True:
            await _wait(self._wake, ADOPT_SECONDS)
            await _wait(self._full, BATCH_SECONDS)
            self._wake.clear()
            self._full.clear()
            try:
                if clock() >= adopt_at:
                    adopt_at = clock() + ADOPT_SECONDS
                    self._adopt()
                await self.flush()
                journal = self._journal
                if journal is not None and (journal.size > ROTATE_BYTES or journal.flushing.failure):
                    fresh = Journal.create(self._directory, self._role, self._random)
                    self._retire_journal()
                    self._journal = fresh
                self._failure = ""
            except Unavailable as error:
                self._failure = str(error)
                self._wake.set()
                await asyncio.sleep(RETRY_SECONDS)

    async def _ship_batch(self, journal: Journal) -> bool:
        """Ship one batch; False when the journal has no more.  Raises Unavailable."""
        if journal.shipped == UNKNOWN:
            journal.shipped = await self._stream.shipped(journal.name)
        lines, upto = journal.lines(BATCH_BYTES)
        if not lines:
            return False
        try:
            await self._stream.append(lines, source=journal.name, upto=upto)
        except BaseException:
            journal.shipped = UNKNOWN  # it may be in the stream all the same: ask before the next attempt
            raise
        journal.shipped = upto
        journal.ended = lines[-1].startswith(_ENDED)
        return True


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
