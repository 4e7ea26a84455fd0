import itertools
import math
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.demo.ledger import Declined, Ledger, Order
from ringfence.demo.numbers import Minor
from ringfence.demo.seed import CUSTOMERS
from ringfence.ids import system_random

AMARA = CUSTOMERS[0].accounts[0]
TOMOS = CUSTOMERS[1].accounts[0]
EVER = (Instant(0), Instant(math.inf))


def order(**changed):
    values = {
        "user_id": "user_amara",
        "client": "c1",
        "key": None,
        "amount": Minor(100),
        "currency": "GBP",
        "debtor": None,
        "creditor": TOMOS.sort_code + TOMOS.number,
        "what": "LUNCH",
        "initiation": msgspec.Raw(b'{"a":1}'),
    }
    return Order(**(values | changed))


def balances(ledger):
    return {a.account_id: a.balance for user in ("user_amara", "user_tomos") for a in ledger.accounts(user)}


def test_the_seeded_bookings_add_up_to_the_balances(ledger):
    for customer, user in zip(CUSTOMERS, ("user_amara", "user_tomos"), strict=False):
        for seeded in customer.accounts:
            account = ledger.account(user, seeded.account_id)
            pages = ledger.bookings(seeded.account_id, *EVER, 1)[1]
            booked = [b for page in range(1, pages + 1) for b in ledger.bookings(seeded.account_id, *EVER, page)[0]]
            assert account.balance == seeded.balance == booked[0].balance_after
            for newer, older in itertools.pairwise(booked):
                assert newer.at >= older.at
                assert newer.balance_after == older.balance_after + newer.amount
            assert min(b.balance_after for b in booked) >= 0


def test_seeding_twice_changes_nothing(ledger, now):
    before = ledger.total()
    ledger.seed(Instant(now + 5))
    assert ledger.total() == before


def test_a_payment_moves_money_from_one_account_to_the_other(ledger, now):
    before, total = balances(ledger), ledger.total()
    made = ledger.pay(order(amount=Minor(1250)), now, system_random)
    after = balances(ledger)
    assert after[AMARA.account_id] == before[AMARA.account_id] - 1250
    assert after[TOMOS.account_id] == before[TOMOS.account_id] + 1250
    assert ledger.total() == total
    assert ledger.payment("user_amara", "c1", made.payment_id) == made
    newest = ledger.bookings(AMARA.account_id, *EVER, 1)[0][0]
    assert (newest.amount, newest.balance_after) == (-1250, after[AMARA.account_id])


def test_a_payment_to_another_bank_leaves_through_settlement(ledger, now):
    total = ledger.total()
    ledger.pay(order(creditor="GB29NWBK60161331926819"), now, system_random)
    assert ledger.total() == total
    assert balances(ledger)[AMARA.account_id] == AMARA.balance - 100


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"amount": Minor(AMARA.balance + 1)}, "Funds.Insufficient"),
        ({"amount": Minor(0)}, "Field.Invalid"),
        ({"amount": Minor(-5)}, "Field.Invalid"),
        ({"currency": "EUR"}, "Field.Invalid"),
        ({"debtor": TOMOS.iban}, "Resource.NotFound"),
        ({"user_id": "nobody"}, "Resource.NotFound"),
        ({"creditor": AMARA.iban}, "Field.Invalid"),
    ],
)
def test_a_declined_payment_changes_nothing(ledger, now, changed, code):
    before, count = balances(ledger), ledger.payment_count()
    with pytest.raises(Declined) as declined:
        ledger.pay(order(**changed), now, system_random)
    assert declined.value.code == code
    assert balances(ledger) == before
    assert ledger.payment_count() == count


def test_the_whole_balance_can_be_paid(ledger, now):
    ledger.pay(order(amount=AMARA.balance), now, system_random)
    assert balances(ledger)[AMARA.account_id] == 0


def test_a_repeated_key_pays_once_and_another_payment_under_it_is_declined(ledger, now):
    first = ledger.pay(order(key="k"), now, system_random)
    assert ledger.pay(order(key="k"), Instant(now + 9), system_random) == first
    assert ledger.payment_count() == 1
    with pytest.raises(Declined) as declined:
        ledger.pay(order(key="k", initiation=msgspec.Raw(b'{"a":2}')), now, system_random)
    assert declined.value.status == 409
    other = ledger.pay(order(key="k", client="c2"), now, system_random)
    assert other.payment_id != first.payment_id


def test_another_users_or_clients_payment_and_account_are_not_there(ledger, now):
    made = ledger.pay(order(), now, system_random)
    assert ledger.payment("user_tomos", "c1", made.payment_id) is None
    assert ledger.payment("user_amara", "c2", made.payment_id) is None
    assert ledger.account("user_tomos", AMARA.account_id) is None
    assert ledger.accounts("nobody") == []
    assert ledger.accounts("") == []


def test_enrolling_nobody_is_an_error(ledger):
    with pytest.raises(LookupError):
        ledger.enrol("cus_nobody", "u")


def pay_many(path: Path, user: str, creditor: str, times: int) -> int:
    """Pay a penny again and again; returns how many were made."""
    with Ledger(path) as own:
        for n in range(times):
            own.pay(
                order(user_id=user, creditor=creditor, amount=Minor(n % 7 + 1), key=f"{user}{n}"),
                Instant(n),
                system_random,
            )
    return times


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_money_is_conserved_under_parallel_payments(ledger_file, ledger, pool):
    total = ledger.total()
    amara, tomos = AMARA.sort_code + AMARA.number, TOMOS.iban
    with pool(4) as workers:
        # The same keys come from two workers each: half of the calls are repeats and must not move money.
        made = [
            workers.submit(pay_many, ledger_file, user, creditor, 60)
            for user, creditor in [("user_amara", tomos), ("user_tomos", amara)] * 2
        ]
        assert sum(one.result(60) for one in made) == 240
    assert ledger.payment_count() == 120
    assert ledger.total() == total
    assert balances(ledger)[AMARA.account_id] == AMARA.balance
    assert balances(ledger)[TOMOS.account_id] == TOMOS.balance


def test_racing_payments_cannot_overdraw(ledger_file, ledger):
    half = Minor(TOMOS.balance // 2 + 1)

    def once(n):
        with Ledger(ledger_file) as own:
            try:
                own.pay(
                    order(user_id="user_tomos", creditor=AMARA.iban, amount=half, key=str(n)), Instant(n), system_random
                )
            except Declined as declined:
                return declined.code
            return "paid"

    with ThreadPoolExecutor(6) as workers:
        results = list(workers.map(once, range(6)))
    assert sorted(results) == ["Funds.Insufficient"] * 5 + ["paid"]
