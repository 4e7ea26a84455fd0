from decimal import Decimal
from typing import Any

import pytest
from ruled import paying

from ringfence.gateway.facts import account, amount, country, currency, fact, units
from ringfence.problem import Reason, Refused


def test_a_fact_is_a_member_or_a_parameter() -> None:
    call = paying(parameters={"path.AccountId": "7"})
    assert fact(call, "/amount") == "10.00"
    assert fact(call, "path.AccountId") == "7"
    assert fact(call, "path.Other") is None
    assert fact(call, "/amount/value") is None


@pytest.mark.parametrize("value", ["1e2", "-1", " 10", "10,00", "", None, True, [], 1.5, "١٠", Decimal("NaN")])
def test_an_amount_that_could_be_read_two_ways_is_none(value: Any) -> None:
    with pytest.raises(Refused) as refused:
        amount(paying(amount=value), "/amount")
    assert refused.value.reason is Reason.FACT_MISSING
    assert refused.value.faults[0].at == "/amount"


def test_amounts_are_exact() -> None:
    assert units(amount(paying(amount=Decimal("0.07")), "/amount"), "GBP") == 7
    with pytest.raises(Refused) as refused:
        units(Decimal("0.075"), "GBP")
    assert refused.value.reason is Reason.AMOUNT_OUT_OF_BOUNDS


@pytest.mark.parametrize(
    "written", ["GB29 NWBK 6016", "gb29nwbk6016", "GB29-NWBK.6016", "ＧＢ29NWBK6016", "GB29NWBK\u200b6016"]
)
def test_an_account_has_one_spelling(written: str) -> None:
    assert account(paying(to=written), "/to") == "gb29nwbk6016"


@pytest.mark.parametrize("value", [None, "", " - ", True, ["GB"], {"iban": "GB"}])
def test_what_is_no_account_is_missing(value: Any) -> None:
    with pytest.raises(Refused) as refused:
        account(paying(to=value), "/to")
    assert refused.value.reason is Reason.FACT_MISSING
    assert account(paying(to=7), "/to") == "7"


@pytest.mark.parametrize("value", [None, "", 826, ["GBP"]])
def test_what_is_no_currency_is_missing(value: Any) -> None:
    with pytest.raises(Refused):
        currency(paying(currency=value), "/currency")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("GB", "GB"),
        ("de", "DE"),
        ("DE89 3704 0044 0532 0130 00", "DE"),
        ("20000055779911", ""),
        ("DEUTSCHLAND", ""),
        ("D", ""),
        (None, ""),
        (["GB"], ""),
    ],
)
def test_a_country_is_two_letters_or_what_an_iban_begins_with(value: Any, found: str) -> None:
    assert country(paying(to=value), "/to") == found
