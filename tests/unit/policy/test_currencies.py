import time
from decimal import Decimal

import pytest

from ringfence.policy.currencies import minor_units


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("12.50", "GBP", 1250),
        ("12.5", "EUR", 1250),
        ("12.500", "EUR", 1250),
        ("0", "EUR", 0),
        ("0.000000000000000000", "JPY", 0),
        ("100", "JPY", 100),
        ("1.234", "KWD", 1234),
        ("1E+2", "EUR", 10_000),
        ("999999999999999999.99", "EUR", 99_999_999_999_999_999_999),
        ("12.505", "EUR", None),
        ("1.5", "JPY", None),
        ("999999999999999999.000000000000000001", "EUR", None),
        ("1000000000000000000", "EUR", None),
    ],
)
def test_amounts_are_whole_units_or_none(amount: str, currency: str, units: int | None) -> None:
    assert minor_units(Decimal(amount), currency) == units


@pytest.mark.parametrize("amount", ["1E+999999", "1E-999999", "0E+999999"])
def test_an_exponent_costs_nothing(amount: str) -> None:
    began = time.perf_counter()
    assert minor_units(Decimal(amount), "EUR") is None
    assert time.perf_counter() - began < 0.01
