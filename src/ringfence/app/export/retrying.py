"""Go on step by step until told to stop; what fails is waited out, ever longer, and is nobody else's trouble."""

import asyncio
from typing import Final, Protocol

import structlog

from ringfence.app.export.sink import Away
from ringfence.clock import Seconds
from ringfence.ids import Random
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.export")

IDLE: Final[Seconds] = 0.25
"""Between two looks when nothing is new."""
FIRST_WAIT: Final[Seconds] = 0.5
LONGEST_WAIT: Final[Seconds] = 30.0
"""Of the back-off: so long after a sink has come back it may take until it is used again."""


class Steps(Protocol):
    """Something that is done bit by bit."""

    async def step(self) -> bool:
        """Do one bit; say whether there may be more.  Raises Away, Unavailable."""
        ...

    async def failed(self, why: str) -> Seconds:
        """Note that a step failed; return how long to wait."""
        ...


async def keep_going(name: str, steps: Steps, stop: asyncio.Event) -> None:
    """Take steps until `stop` is set."""
    while not stop.is_set():
        try:
            busy = await steps.step()
            wait = 0.0 if busy else IDLE
        except (Away, Unavailable) as why:
            wait = await steps.failed(str(why))
        except Exception as why:  # noqa: BLE001 - one sink's trouble is not the end of its follower: it is told, and tried again
            _log.exception("sink failed", sink=name)
            wait = await steps.failed(f"failed: {type(why).__name__}")
        if wait:
            await _wait(stop, wait)


def back_off(failures: int, random: Random) -> Seconds:
    """Return how long to wait after so many failures: a random part of a doubling time."""
    longest = min(LONGEST_WAIT, FIRST_WAIT * (1 << max(0, min(failures - 1, 16))))
    share = int.from_bytes(random(4), "big") / 2**32
    return longest * (0.5 + share / 2)


async def _wait(stop: asyncio.Event, wait: Seconds) -> None:
    try:
        await asyncio.wait_for(stop.wait(), wait)
    except TimeoutError:
        return
