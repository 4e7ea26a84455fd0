"""Carry out what alerts call for, beside the reading of the stream: what cannot be done now waits, and holds up nothing."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import msgspec
import structlog

from ringfence.clock import Clock, Seconds, monotonic_seconds
from ringfence.detect.alert import Alert
from ringfence.detect.responses import Act
from ringfence.store.interface import Unavailable
from ringfence.store.watch_interface import KeptAlert, WatchRecords

_log = structlog.get_logger("ringfence.watch")

NOTHING_TO_DO: Final = "none"
TOO_LATE: Final = "too-late"
AT_ONCE: Final = 8
"""Alerts that are answered at the same time: an act that hangs leaves room for others."""
LOOK_EVERY: Final[Seconds] = 1.0
"""How often it is looked for what is due again, where nobody calls."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds until an alert is answered again that could not be, doubled each time."""
PAUSE: Final[Seconds] = 0.5
"""After a failure, before anything is begun: where nothing can be done at present, it is not tried for all at once."""


class Answers(Protocol):
    """Carries out acts."""

    async def carry_out(self, act: Act, why: str) -> str:
        """Do one act and return it in words.  Raises Unavailable."""
        ...


class Answering:
    """All alerts that wait for their answer."""

    def __init__(
        self,
        records: WatchRecords,
        answers: Answers,
        acts: Callable[[Alert], Awaitable[Sequence[Act]]],
        clock: Clock,
    ) -> None:
        """Answer what `records` keep unanswered.

        Args:
            records: of detection.
            answers: carries out acts.
            acts: what an alert calls for now.
            clock: tells what would be over by now.
        """
        self._records = records
        self._answers = answers
        self._acts = acts
        self._clock = clock
        self._called = asyncio.Event()
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._waiting: dict[str, tuple[float, Seconds]] = {}
        """When an alert is due again, and how long it waited before."""
        self._paused_until = 0.0

    def call(self) -> None:
        """Have it look now."""
        self._called.set()

    async def run(self) -> None:
        """Answer alerts until cancelled."""
        try:
            while True:
                self._called.clear()
                try:
                    await self._begin()
                except Unavailable as why:
                    _log.warning("answers wait", why=str(why))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY):  # `wait_for` may lose a cancellation
                        await self._called.wait()
        finally:
            for task in self._under_way.values():
                task.cancel()
            await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def once(self) -> None:
        """Answer what is due, and return when it is done or has failed.  Raises Unavailable if records do not answer."""
        await self._begin()
        while self._under_way:
            await asyncio.gather(*self._under_way.values())
            await self._begin()

    async def _begin(self) -> None:
        now, skip = monotonic_seconds(), 0
        if now < self._paused_until:
            return
        while pending := await self._records.unanswered(skip):
            for kept in pending:
                due, _ = self._waiting.get(kept.alert_id, (0.0, 0.0))
                if kept.alert_id in self._under_way or due > now:
                    continue
                if len(self._under_way) >= AT_ONCE:
                    return
                task = asyncio.create_task(self._answer(kept))
                self._under_way[kept.alert_id] = task
                task.add_done_callback(lambda _, name=kept.alert_id: self._ended(name))  # type: ignore[misc]
            skip += len(pending)

    def _ended(self, alert_id: str) -> None:
        self._under_way.pop(alert_id, None)
        self._called.set()

    async def _answer(self, kept: KeptAlert) -> None:
        try:
            done = await self._carried_out(msgspec.json.decode(kept.detail, type=Alert))
            await self._records.answered(kept.alert_id, done)
            self._waiting.pop(kept.alert_id, None)
        except Exception as why:  # noqa: BLE001 - whatever it is, other alerts are answered, and this one again
            now, (_, waited) = monotonic_seconds(), self._waiting.get(kept.alert_id, (0.0, 0.0))
            wait = min(LONGEST_WAIT, max(FIRST_WAIT, 2 * waited))
            self._waiting[kept.alert_id] = (now + wait, wait)
            self._paused_until = now + PAUSE
            _log.warning("an answer waits", alert=kept.alert_id, seconds=wait, why=str(why) or repr(why))

    async def _carried_out(self, alert: Alert) -> str:
        """Do all that can be done, and say it in words.  Raises Unavailable if anything could not be."""
        acts = await self._acts(alert)
        timely = [act for act in acts if not act.seconds or alert.at + act.seconds >= self._clock()]
        if acts and not timely:  # the watch was away, and the world went on
            return TOO_LATE
        done, failure = [], None
        for act in timely:
            try:
                done.append(await self._answers.carry_out(act, f"alert {alert.alert_id} {alert.rule}"))
            except Unavailable as why:  # what was done is named by the alert, and not done twice
                failure = why
        if failure is not None:
            raise failure
        return " ".join(done) or NOTHING_TO_DO
