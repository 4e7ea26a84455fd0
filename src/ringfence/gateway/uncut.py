"""Take something that must not be left half taken: who hangs up meanwhile has it given back, not lost."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from ringfence.gateway.spend import NOTE_SECONDS
from ringfence.store.interface import Unavailable

T = TypeVar("T")


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
