import pytest

from ringfence.policy.limits_model import Limit
from ringfence.policy.linking_model import Link, LinkMembers
from ringfence.policy.starvable import starvable
from tests.unit.gateway.calls import operation

LINK = Link(type="payment", members=LinkMembers(amount="/a", currency="/c", payee="/p"))
BARE, KEEPING = (
    Limit(per="client", rate_per_second=1, burst=9),
    Limit(per="client", rate_per_second=1, burst=9, reserve=2),
)


@pytest.mark.parametrize(
    ("of_payments", "of_others", "named"),
    [
        ([("one", BARE)], [("one", BARE)], ["one"]),
        ([("one", KEEPING)], [("one", KEEPING)], []),
        ([("one", BARE)], [("two", BARE)], []),
        ([("one", BARE), ("two", BARE)], [("two", BARE), ("one", BARE)], ["one", "two"]),
        ([], [("one", BARE)], []),
    ],
)
def test_limits_that_payments_share_and_nothing_keeps_for_them(
    of_payments: list[tuple[str, Limit]], of_others: list[tuple[str, Limit]], named: list[str]
) -> None:
    pay = operation(demands={"limits": tuple(of_payments), "link": LINK})
    read = operation(demands={"limits": tuple(of_others)})
    assert list(starvable([pay, read, pay])) == named
