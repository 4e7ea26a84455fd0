import asyncio

import pytest

from ringfence.gateway.uncut import uncut
from ringfence.store.interface import Unavailable


class Taking:
    def __init__(self, fails: Exception | None = None) -> None:
        self.began = asyncio.Event()
        self.said: list[str] = []
        self.fails = fails

    async def take(self) -> str:
        self.began.set()
        await asyncio.sleep(0.02)
        if self.fails is not None:
            raise self.fails
        self.said.append("taken")
        return "it"

    async def give_back(self, what: str) -> None:
        self.said.append(f"{what} back")
        raise Unavailable("gone")


async def test_what_is_taken_is_returned() -> None:
    taking = Taking()
    assert await uncut(taking.take(), taking.give_back) == "it"
    assert taking.said == ["taken"]


@pytest.mark.parametrize(("fails", "said"), [(None, ["taken", "it back"]), (Unavailable("gone"), [])])
async def test_who_hangs_up_has_it_given_back(fails: Exception | None, said: list[str]) -> None:
    taking = Taking(fails)
    call = asyncio.create_task(uncut(taking.take(), taking.give_back))
    await taking.began.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert taking.said == said


async def test_what_fails_fails() -> None:
    taking = Taking(Unavailable("gone"))
    with pytest.raises(Unavailable):
        await uncut(taking.take(), taking.give_back)
