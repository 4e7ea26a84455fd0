import asyncio

import pytest

from ringfence.app.export.retrying import FIRST_WAIT, LONGEST_WAIT, back_off, keep_going
from ringfence.app.export.sink import Away
from ringfence.store.interface import Unavailable


def test_waiting_doubles_and_has_an_end() -> None:
    longest = [back_off(n, lambda count: b"\xff" * count) for n in range(1, 40)]
    shortest = [back_off(n, lambda count: b"\x00" * count) for n in range(1, 40)]
    assert longest[:3] == [pytest.approx(FIRST_WAIT * 2**n) for n in range(3)]
    assert longest[-1] <= LONGEST_WAIT
    assert shortest == [pytest.approx(one / 2) for one in longest]


class Failing:
    def __init__(self, stop: asyncio.Event) -> None:
        self.left: list[Exception] = [Away("a"), Unavailable("b"), KeyError("user_secret")]
        self.told: list[str] = []
        self.stop = stop

    async def step(self) -> bool:
        if self.left:
            raise self.left.pop(0)
        self.stop.set()
        return True

    async def failed(self, why: str) -> float:
        self.told.append(why)
        return 0.001


async def test_whatever_fails_is_told_and_gone_on_after() -> None:
    steps = Failing(asyncio.Event())
    async with asyncio.timeout(30):
        await keep_going("x", steps, steps.stop)
    assert steps.told == ["a", "b", "failed: KeyError"]
