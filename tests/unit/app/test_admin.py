import asyncio

from ringfence.app import admin
from ringfence.clock import Instant
from ringfence.store.interface import Unavailable


class Failing:
    def __init__(self) -> None:
        self.sweeps = 0

    async def sweep(self, now: Instant) -> int:
        self.sweeps += 1
        raise Unavailable("gone")


async def test_a_sweep_that_fails_is_tried_again() -> None:
    target = Failing()
    task = asyncio.create_task(admin.sweep(target, 0.001))
    async with asyncio.timeout(5):
        while target.sweeps < 3:
            await asyncio.sleep(0.001)
    task.cancel()
