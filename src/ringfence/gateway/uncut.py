"""Take something that must not be left half taken: who hangs up meanwhile has it given back, not lost."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeVar

from ringfence.clock import Seconds
from ringfence.store.interface import Unavailable

T = TypeVar("T")

NOTE_SECONDS: Final[Seconds] = 20.0
"""How long noting what became of something may take; longer than the records wait for each other."""


async def uncut(taking: Awaitable[T], give_back: Callable[[T], Awaitable[object]]) -> T:
    """Return what `taking` returns; where the caller is cancelled meanwhile, let it end and give it back.

    Raises:
        whatever `taking` raises, and CancelledError.
    """
    task = asyncio.ensure_future(taking)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=NOTE_SECONDS)
        if task.done() and not task.cancelled() and task.exception() is None:
            with suppress(Unavailable):
                await give_back(task.result())
        raise
