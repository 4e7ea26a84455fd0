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
        self._waiting: list[asyncio.Future[None]] = []
        """For the next flush."""
        self._over: asyncio.Future[None] | None = None
        """While one is due or under way."""
        self.failure = ""
        """Not empty once a flush has failed: the kernel may then forget what it could not write, so none is trusted."""

    async def flush(self) -> None:
        """Return when everything that was written before this call is on the disk.

        Raises:
            Unavailable: it may not be.
        """
        if self.failure:
            raise Unavailable(self.failure)
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._waiting.append(waiter)
        if self._over is None:
            self._over = loop.create_future()
            loop.call_soon(self._begin, loop)  # not at once: who comes in this turn of the loop comes along
        await waiter  # one who goes away takes only his own

    async def idle(self) -> None:
        """Return when no flush is under way: the file may be closed then."""
        while self._over is not None:
            await asyncio.wait([self._over])

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        served, self._waiting = self._waiting, []
        flushing = loop.run_in_executor(None, self._sync, self._descriptor)
        flushing.add_done_callback(lambda done: self._ended(done, served, loop))

    def _ended(
        self, done: asyncio.Future[None], served: list[asyncio.Future[None]], loop: asyncio.AbstractEventLoop
    ) -> None:
        error = "broken off" if done.cancelled() else done.exception()
        if error is not None:
            self.failure = f"event journal: it cannot be brought to the disk: {error}"
            served, self._waiting = [*served, *self._waiting], []
        for waiter in served:
            if waiter.done():
                continue
            if self.failure:
                waiter.set_exception(Unavailable(self.failure))
            else:
                waiter.set_result(None)
        if self._waiting:
            self._begin(loop)
        elif self._over is not None:
            self._over.set_result(None)
            self._over = None
