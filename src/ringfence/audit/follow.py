"""Follow the event stream into the log, in order and exactly once, and promise its size and root every second."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
import structlog

from ringfence.audit.cosigners import Cosigned, NotCosigned, WitnessPlace, collect
from ringfence.audit.log import AuditLog
from ringfence.audit.note import Checkpoint, Note, Signature, message, signed
from ringfence.audit.ports import CannotSign, CheckpointSigner, Events, WitnessCall
from ringfence.audit.tiles import TileMissing, nodes
from ringfence.clock import Clock, Instant, Seconds
from ringfence.events.audit import WitnessRefused
from ringfence.store.interface import StoredEvent, Unavailable

_log = structlog.get_logger("ringfence.audit")

BATCH: Final = 2000
"""Events that are appended at once."""

LOOK_EVERY: Final[Seconds] = 0.2
"""How often the stream is asked while there is nothing new."""

RETRY_AFTER: Final[Seconds] = 1.0

REPEAT_AFTER: Final[Seconds] = 5.0
"""A checkpoint that not every witness has cosigned is offered again, also when nothing happens."""


class Stream(Protocol):
    """The events, as far as the log needs them."""

    async def read(self, after: int, limit: int) -> list[StoredEvent]:
        """Return events after a position, in order.  Raises Unavailable."""
        ...


class Rhythm(msgspec.Struct, frozen=True):
    """When a checkpoint is due, once the log has grown: after so long, or so many entries."""

    seconds: Seconds = 1.0
    entries: int = 5000


class Follower:
    """Appends and promises, until it is cancelled."""

    def __init__(
        self,
        stream: Stream,
        log: AuditLog,
        origin: str,
        signer: CheckpointSigner,
        witnesses: Callable[[], Sequence[WitnessPlace]],
        call: WitnessCall,
        events: Events,
        clock: Clock,
        rhythm: Rhythm = Rhythm(),  # noqa: B008 - frozen
    ) -> None:
        """Prepare.

        Args:
            stream: where events come from.
            log: where they go; its blocking calls are made in a thread.
            origin: names the log in its checkpoints.
            signer: signs them.
            witnesses: returns those of the policy in force.
            call: the way to them.
            events: where refusals of witnesses are told.
            clock: tells the time.
            rhythm: when checkpoints are due.
        """
        self._stream = stream
        self._audit = log
        self._origin = origin
        self._signer = signer
        self._witnesses = witnesses
        self._call = call
        self._events = events
        self._clock = clock
        self._rhythm = rhythm
        self._promised_size = -1
        self._promised_at = Instant(0.0)
        self._promised_position = -1
        self._promise_made = asyncio.Event()
        self._refusing: set[str] = set()

    async def run(self) -> None:
        """Go on for ever; what is out of order for the moment is tried again."""
        while True:
            try:
                grown = await self.take()
                await self.promise_if_due()
                pause = 0.0 if grown else LOOK_EVERY
            except (Unavailable, CannotSign, TileMissing) as why:
                _log.error("audit log: behind the events until this is mended", why=str(why))
                pause = RETRY_AFTER
            await asyncio.sleep(pause)

    async def take(self) -> bool:
        """Append the next batch; False if there was none.  Raises Unavailable."""
        batch = await self._stream.read(self._audit.head.position, BATCH)
        if batch:
            await asyncio.to_thread(self._audit.append, batch, self._clock())
        return len(batch) == BATCH

    async def promise_if_due(self) -> None:
        """Sign and publish a checkpoint if the log has grown for long enough.  Raises Unavailable or CannotSign."""
        size, now = self._audit.head.size, self._clock()
        if size == self._promised_size:
            if self._refusing and now - self._promised_at >= REPEAT_AFTER:
                await self.promise()
        elif now - self._promised_at >= self._rhythm.seconds or size - self._promised_size >= self._rhythm.entries:
            await self.promise()

    async def promise(self) -> Note:
        """Sign the log as it is, have it cosigned, publish it.  Raises Unavailable or CannotSign."""
        head, now = self._audit.head, self._clock()
        checkpoint = Checkpoint(self._origin, head.size, head.root)
        at = int(now)
        ours = [
            signed(key, at, await self._signer.sign(key, message(key, checkpoint, at))) for key in self._signer.keys
        ]
        note = Note(checkpoint, tuple(ours))
        find = nodes(self._audit.directory, head.size)
        answers = await collect(note, self._witnesses(), self._audit.witness_size, find, self._call)
        note = Note(checkpoint, (*ours, *self._heard(answers, head.size, now)))
        await asyncio.to_thread(self._audit.publish, note, now)
        self._promised_size, self._promised_at, self._promised_position = head.size, now, head.position
        self._promise_made.set()
        return note

    async def promised(self, position: int) -> None:
        """Return when a published checkpoint covers the event at that position of the stream."""
        while self._promised_position < position:
            self._promise_made.clear()
            await self._promise_made.wait()

    def _heard(self, answers: Sequence[Cosigned | NotCosigned], size: int, now: Instant) -> list[Signature]:
        """Return the cosignatures, and tell of refusals: once each, until the witness cosigns again."""
        signatures = []
        for answer in answers:
            name = answer.witness.key.name
            if isinstance(answer, Cosigned):
                self._audit.note_witness(name, size)
                self._refusing.discard(name)
                signatures.append(answer.signature)
            elif name not in self._refusing:
                self._refusing.add(name)
                _log.error("a witness did not cosign", witness=name, why=answer.why, against_us=answer.against_us)
                self._events.emit(WitnessRefused(now, name, size, answer.why, answer.witness_size))
        return signatures
