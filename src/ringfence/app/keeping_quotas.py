"""Copy what was taken of quotas to the disk, now and then and at the end: what a boot can lose is bounded by that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final

import structlog

from ringfence.clock import Clock, Seconds
from ringfence.store.embedded.lmdb_quotas import KeptQuotas
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.admin")

KEEP_EVERY: Final[Seconds] = 5.0
"""So much of what was counted is lost with the machine's power; a process that is killed loses nothing."""

SWEEP_AFTER: Final = 60
"""Copies between two sweeps."""


@asynccontextmanager
async def keeping_quotas(file: Path, state: LmdbState, clock: Clock) -> AsyncIterator[None]:
    """Copy while it is open, and once more at its end: the workers have ended by then.  Raises Unavailable."""
    with closing(KeptQuotas(file)) as kept:
        going = asyncio.create_task(keep_quotas(state, kept, clock), name="keep quotas")
        try:
            yield
        finally:
            going.cancel()
            await asyncio.gather(going, return_exceptions=True)
            await copy_quotas(state, kept)


async def keep_quotas(state: LmdbState, kept: KeptQuotas, clock: Clock, every: Seconds = KEEP_EVERY) -> None:
    """Copy, for ever; a copy that fails is made up for by the next."""
    copies = 0
    while True:
        await asyncio.sleep(every)
        await copy_quotas(state, kept)
        copies += 1
        if copies % SWEEP_AFTER == 0:
            try:
                await kept.sweep(clock())
            except Unavailable as why:
                _log.warning("sweep of quotas put off", why=str(why))


async def copy_quotas(state: LmdbState, kept: KeptQuotas) -> None:
    """Copy once; what goes wrong is told in the log."""
    try:
        await state.keep_quotas(kept)
    except Unavailable as why:
        _log.error("quotas are not on the disk: a reboot would begin them anew", why=str(why))
