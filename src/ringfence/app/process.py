"""What every role's process does first: log, loop, signals."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import msgspec
import structlog
import uvloop

from ringfence.app.parent import end_with_parent

_log = structlog.get_logger("ringfence")

PRIVATE: Final = 0o077
"""The file-creation mask of every role: sockets, databases and journals are their owner's alone."""


class Signals(msgspec.Struct, frozen=True):
    """What the operating system asks of a role."""

    stop: asyncio.Event
    """Set by SIGTERM and SIGINT: end, calls under way first."""
    reload: asyncio.Event
    """Set by SIGHUP: read the policy again. Whoever acts on it clears it."""


Role = Callable[[Signals], Awaitable[None]]


def run_role(role: Role, *, child: bool) -> None:
    """Run a role's coroutine on uvloop until it returns.

    Args:
        role: the coroutine function; it ends when `signals.stop` is set.
        child: end when the supervisor dies.
    """
    os.umask(PRIVATE)
    if child:
        end_with_parent()

    async def main() -> None:
        signals = Signals(asyncio.Event(), asyncio.Event())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, signals.stop.set)
        loop.add_signal_handler(signal.SIGHUP, signals.reload.set)
        await role(signals)

    uvloop.run(main())


async def on_reload(signals: Signals, act: Callable[[], None]) -> None:
    """Call `act` on every SIGHUP; what it raises is logged and changes nothing."""
    while True:
        await signals.reload.wait()
        signals.reload.clear()
        try:
            act()
        except Exception:  # noqa: BLE001 - a reload must not end a running role, whatever is wrong with it
            _log.exception("reload failed: the old policy stays in force")


class Background:
    """Tasks that run beside a role and end with it."""

    def __init__(self) -> None:
        """Start with none."""
        self._tasks: list[asyncio.Task[None]] = []

    def add(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Start a task."""
        self._tasks.append(asyncio.create_task(work, name=name))

    async def end(self) -> None:
        """Cancel all and wait for them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
