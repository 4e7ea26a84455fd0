from ringfence.demo.numbers import checked_iban
from ringfence.demo.seed import CUSTOMERS, HISTORY_DAYS, entries


def test_every_seeded_iban_has_right_check_digits_and_stands_once():
    ibans = [checked_iban(account.iban) for customer in CUSTOMERS for account in customer.accounts]
    assert len(set(ibans)) == len(ibans)


def test_entries_come_oldest_first_and_within_the_history():
    days = [entry.days_ago for entry in entries("CACC")]
    assert days == sorted(days, reverse=True)
    assert len(days) > 50
    assert max(days) < HISTORY_DAYS


def test_a_kind_without_habits_has_no_entries():
    assert list(entries("SETT")) == []
