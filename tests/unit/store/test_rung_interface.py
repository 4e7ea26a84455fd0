import msgspec

from ringfence.clock import Instant
from ringfence.store.rung_interface import KeptRung, climbed

FIRST = KeptRung("b", "user", "u", dry_run=False, rung=1, at=Instant(100.0), until=Instant(200.0), alert="a1")


def then(at: float, rung: int = 1) -> KeptRung:
    return msgspec.structs.replace(FIRST, rung=rung, at=Instant(at), until=Instant(at + 100), alert=f"a{at}")


def test_where_somebody_stands_after_an_alert() -> None:
    assert climbed(None, FIRST, 3) == FIRST
    assert climbed(None, then(5, 9), 3).rung == 3
    assert climbed(FIRST, FIRST, 3) is FIRST
    assert [climbed(FIRST, then(at), 3).rung for at in (150, 199.9, 200, 300)] == [2, 2, 1, 1]
    assert climbed(then(100, 2), then(150, 1), 3).rung == 3
    assert climbed(FIRST, then(50), 3).rung == 2, "an alert that is told late counts too"
