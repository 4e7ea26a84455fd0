import pytest

from ringfence.clock import Instant
from ringfence.events.custody import KeyUsed
from ringfence.protect.uses import Uses
from ringfence.store.interface import Unavailable


def test_uses_are_told_once_with_their_count_and_kept_until_they_can_be() -> None:
    uses, told = Uses(), []
    for now in (1.0, 2.0, 3.0):
        uses.note("dek_1", "encrypt", Instant(now))
    uses.note("dek_1", "open", Instant(4.0))

    def gone(_: object) -> None:
        raise Unavailable("full")

    with pytest.raises(Unavailable):
        uses.tell(gone, Instant(5.0))
    uses.tell(told.append, Instant(6.0))
    uses.tell(told.append, Instant(7.0))
    sealed = KeyUsed(Instant(6.0), "dek_1", "dek_1", "field", "gateway", "encrypt", 3, Instant(1.0), Instant(3.0))
    assert told[0] == sealed
    assert [(one.operation, one.count) for one in told] == [("encrypt", 3), ("open", 1)]
