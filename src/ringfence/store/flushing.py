"""Bring a file to the disk once for everybody who waits for it: group commit."""

import asyncio
import os
from collections.abc import Callable

from ringfence.store.interface import Unavailable


class Flushing:
    """`fdatasync` of one file, in a thread; whoever asks while one is under way shares the next one."""

    def __init__(self, descriptor: int, sync: Callable[[int], None] = os.fdatasync) -> None:
        """Flush the file behind an open descriptor."""
        self._descriptor = descriptor
        self._sync = sync
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None
        self.failure = ""
        """Not empty once a flush has failed: the kernel may then forget what it could not write, so none is trusted."""

    async def flush(self) -> None:
        """Return when everything that was written before this call is on the disk.

        Raises:
            Unavailable: it may not be.
        """
        if self._running is None:
            self._running = asyncio.create_task(self._flush())
            task = self._running
        else:
            if self._next is None:
                self._next = asyncio.create_task(self._after(self._running))
            task = self._next
        await asyncio.shield(task)  # one who goes away does not take it from the others

    async def idle(self) -> None:
        """Return when no flush is under way: the file may be closed then."""
        while task := self._next or self._running:
            await asyncio.wait([task])

    async def _after(self, running: "asyncio.Task[None]") -> None:
        await asyncio.wait([running])
        self._running, self._next = self._next, None
        await self._flush()

    async def _flush(self) -> None:
        try:
            if not self.failure:
                await asyncio.get_running_loop().run_in_executor(None, self._sync, self._descriptor)
        except OSError as error:
            self.failure = f"event journal: it cannot be brought to the disk: {error}"
        finally:
            if self._running is asyncio.current_task():
                self._running = None
        if self.failure:
            raise Unavailable(self.failure)
