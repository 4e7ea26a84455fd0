"""The picture for a person."""

from ringfence.admin.measures import Measures, States
from ringfence.admin.summary import MOST_ROWS, CountRow, OperationRow, summary
from ringfence.clock import Instant
from ringfence.events.calls import CallDecided


def call(n: int, micros: int, *, allowed: bool = True) -> CallDecided:
    return CallDecided(
        Instant(1.0), "c", "t", allowed=allowed, status=200, reason="" if allowed else "no", api="b", version="v1",
        operation=f"op{n}", client=f"c{n}", micros=micros, upstream_micros=micros // 2,
    )  # fmt: skip


def test_operations_by_their_calls_with_bounds_of_their_time() -> None:
    measures = Measures()
    for n in range(30):
        for _ in range(30 - n):
            measures.feed(1, call(n, 8000))
    for _ in range(3):
        measures.feed(1, call(0, 100_000_000, allowed=False))
    found = summary(measures.samples(), States())
    assert len(found.operations) == len(found.clients) == MOST_ROWS
    assert found.operations[0] == OperationRow("b/v1 op0", 30, 3, float("inf"), float("inf"))
    assert found.operations[1] == OperationRow("b/v1 op1", 29, 0, 5.0, 5.0)
    assert found.refusals == (CountRow("no", 3),)


def test_nothing_yet() -> None:
    assert summary(Measures().samples(), States()).operations == ()
