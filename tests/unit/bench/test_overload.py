"""What counts as served, and the upstream that is too small."""

import asyncio

from bench.narrow_upstream import Answering, Inside
from bench.open_load import Came
from bench.overload import judged, with_shares


def test_late_answers_are_no_goodput() -> None:
    came = [
        Came(1.0, "read", 200, 0.1),
        Came(1.1, "read", 200, 1.5),
        Came(1.2, "read", 503, 0.0),
        Came(1.3, "write", 200, 0.2),
        Came(1.4, "write", -1, 0.0),
    ]
    step = judged("off", 2.0, came, 2.0)
    assert (step.offered_per_s, step.good_per_s, step.late, step.other) == (2.5, 1.0, 1, 1)
    assert step.refused == {"read": 0.333, "write": 0.0}
    better = judged("adaptive", 1.0, came[:1] * 8, 2.0)
    assert [one.share_of_peak for one in with_shares([step, better])] == [0.25, 1.0]


async def test_the_upstream_does_so_many_at_once() -> None:
    answered: list[float] = []
    loop = asyncio.get_running_loop()
    over = asyncio.Event()

    class Call(Answering):
        def answer(self) -> None:
            answered.append(loop.time())
            if len(answered) == 6:
                over.set()

    inside, began = Inside(2, 0.05), loop.time()
    for _ in range(6):
        inside.come(Call(inside))
    await asyncio.wait_for(over.wait(), 30)
    assert answered[0] - began >= 0.045
    assert answered[5] - began >= 0.14
