"""Bring what the edge refused by itself from Envoy's log into the event stream."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from ringfence.clock import Seconds
from ringfence.edge.control import NotAnswering
from ringfence.edge.refusals import read_refusal
from ringfence.events import Event
from ringfence.store.interface import Unavailable

LOOK_EVERY: Final[Seconds] = 0.25
"""Between two looks at the log: as often as Envoy writes it out."""

ROTATE_BYTES: Final = 4 << 20
"""A log that has grown to this is followed by a new one, and removed once it is read."""

SETTLE_SECONDS: Final[Seconds] = 2.0
"""For a write that was under way when the log was renamed."""

READ_BYTES: Final = 1 << 18


class RefusalLog:
    """Reads one log as it grows. How far it got is kept beside it, so that a restart goes on there."""

    def __init__(
        self,
        log: Path,
        emit: Callable[[Event], None],
        reopen: Callable[[], Awaitable[None]],
        *,
        settle: Seconds = SETTLE_SECONDS,
    ) -> None:
        """Go on where the last reader got to.

        Args:
            log: the file that Envoy appends to; it need not be there yet.
            emit: takes the events; what it does not take is tried again later.
            reopen: makes Envoy go on in a new file after the log was renamed.
            settle: how long a write that was under way may take then.
        """
        self._log = log
        self._old = log.with_suffix(".old")
        self._mark = log.with_suffix(".read")
        self._emit = emit
        self._reopen = reopen
        self._settle = settle
        self._offset = self._marked()

    async def follow(self) -> None:
        """Read for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            with contextlib.suppress(Unavailable, OSError, NotAnswering):  # tried again at the next look
                self.read()
                if self._offset >= ROTATE_BYTES or self._old.exists():
                    await self.rotate()

    def read(self) -> None:
        """Emit what has been logged since the last time.  Raises Unavailable or OSError."""
        with contextlib.suppress(FileNotFoundError):
            self._read(self._present)

    async def rotate(self) -> None:
        """Have Envoy begin a new log, read the old one to its end and remove it.

        Whatever goes wrong in between, the old one stays until this is called again.
        """
        if not self._old.exists():
            self._log.rename(self._old)
        await self._reopen()
        await asyncio.sleep(self._settle)
        self._read(self._old)
        self._old.unlink()
        self._mark_at(0)

    @property
    def _present(self) -> Path:
        return self._old if self._old.exists() else self._log

    def _read(self, path: Path) -> None:
        with path.open("rb") as log:
            log.seek(self._offset)
            while data := log.read(READ_BYTES):
                end = data.rfind(b"\n") + 1
                if not end:
                    return
                for line in data[:end].splitlines():
                    event = read_refusal(line)
                    if event is not None:
                        self._emit(event)
                self._mark_at(self._offset + end)
                log.seek(self._offset)

    def _marked(self) -> int:
        try:
            marked = int(self._mark.read_text())
            return marked if marked <= self._present.stat().st_size else 0
        except (OSError, ValueError):
            return 0

    def _mark_at(self, offset: int) -> None:
        self._offset = offset
        beside = self._mark.with_suffix(".new")
        beside.write_text(str(offset))
        beside.replace(self._mark)
