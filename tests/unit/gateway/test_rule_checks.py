from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from calls import NOW
from ruled import paying, rule

from ringfence.clock import Instant
from ringfence.gateway.ports import NoCountries
from ringfence.gateway.rule_checks import require_rule
from ringfence.policy.rules_model import Rule
from ringfence.problem import Reason, Refused


class Somewhere:
    def __init__(self, country: str) -> None:
        self.country = country

    def of(self, address: str) -> str:
        assert address == "192.0.2.7"
        return self.country


def reason(one: Rule, now: Instant = NOW, caller: str = "", **payment: Any) -> Reason | None:
    try:
        require_rule(one, paying(one, **payment), Somewhere(caller) if caller else NoCountries(), now)
    except Refused as why:
        return why.reason if "NWBK" not in why.detail else None
    return None


AMOUNT = rule(amount={"GBP": {"at_least": "0.01", "at_most": "10000.00"}, "JPY": {"at_most": "500"}})


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        ("0.01", "GBP", None),
        ("10000", "GBP", None),
        ("10000.00", "GBP", None),
        ("500", "JPY", None),
        ("0", "JPY", None),
        ("0.00", "GBP", Reason.AMOUNT_OUT_OF_BOUNDS),
        ("10000.01", "GBP", Reason.AMOUNT_OUT_OF_BOUNDS),
        ("9999.999", "GBP", Reason.AMOUNT_OUT_OF_BOUNDS),
        ("10000.000000000000000001", "GBP", Reason.AMOUNT_OUT_OF_BOUNDS),
        ("1.50", "JPY", Reason.AMOUNT_OUT_OF_BOUNDS),
        ("1.00", "EUR", Reason.CURRENCY_NOT_TAKEN),
        ("1.00", "gbp", Reason.CURRENCY_NOT_TAKEN),
        ("1.00", "GBP ", Reason.CURRENCY_NOT_TAKEN),
        (None, "GBP", Reason.FACT_MISSING),
        ("1.00", None, Reason.FACT_MISSING),
        ("1e4", "GBP", Reason.FACT_MISSING),
        (1e4, "GBP", Reason.FACT_MISSING),
    ],
)
def test_amounts_to_the_unit(amount: Any, currency: Any, told: Reason | None) -> None:
    assert reason(AMOUNT, amount=amount, currency=currency) is told


def test_currencies() -> None:
    taken = rule(currencies=["GBP", "EUR"])
    assert reason(taken) is None
    assert reason(taken, currency="USD") is Reason.CURRENCY_NOT_TAKEN
    assert reason(taken, currency=None) is Reason.FACT_MISSING


OFFICE = {"zone": "Europe/London", "days": ["mon", "fri"], "begin": "09:00", "end": "17:00"}
NIGHT = {"zone": "Europe/London", "days": ["fri"], "begin": "22:00", "end": "04:00"}


@pytest.mark.parametrize(
    ("hours", "local", "is_open"),
    [
        (OFFICE, "2026-07-03T09:00:00", True),
        (OFFICE, "2026-07-03T16:59:59", True),
        (OFFICE, "2026-07-03T17:00:00", False),
        (OFFICE, "2026-07-03T08:59:59", False),
        (OFFICE, "2026-07-02T12:00:00", False),
        (OFFICE, "2026-01-05T09:00:00", True),
        (NIGHT, "2026-07-03T21:59:59", False),
        (NIGHT, "2026-07-03T22:00:00", True),
        (NIGHT, "2026-07-04T03:59:59", True),
        (NIGHT, "2026-07-04T04:00:00", False),
        (NIGHT, "2026-07-04T22:30:00", False),
        (NIGHT, "2026-07-03T02:00:00", False),
        ({"zone": "Europe/London", "days": ["fri"]}, "2026-07-03T23:59:59", True),
        ({"zone": "Europe/London", "days": ["fri"]}, "2026-07-04T00:00:00", False),
    ],
)
def test_hours_are_those_of_their_zone(hours: dict[str, Any], local: str, is_open: bool) -> None:
    now = Instant(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Europe/London")).timestamp())
    assert reason(rule(hours=hours), now) is (None if is_open else Reason.OUTSIDE_HOURS)


CLOSED = {"closed_on": ["2026-07-03", "2026-12-25"]}


@pytest.mark.parametrize(
    ("hours", "local", "is_open"),
    [
        (OFFICE | CLOSED, "2026-07-03T09:00:00", False),
        (OFFICE | CLOSED, "2026-07-06T09:00:00", True),
        (NIGHT | CLOSED, "2026-07-03T22:00:00", False),
        (NIGHT | CLOSED, "2026-07-04T03:59:59", False),
        (NIGHT | {"closed_on": ["2026-07-04"]}, "2026-07-04T03:59:59", True),
        ({"zone": "Europe/London"} | CLOSED, "2026-07-02T23:59:59", True),
        ({"zone": "Europe/London"} | CLOSED, "2026-07-03T00:00:00", False),
        ({"zone": "Europe/London"} | CLOSED, "2026-07-04T00:00:00", True),
        ({"zone": "UTC"} | CLOSED, "2026-07-03T00:30:00", True),
    ],
)
def test_a_bank_holiday_is_a_day_of_the_zone(hours: dict[str, Any], local: str, is_open: bool) -> None:
    now = Instant(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Europe/London")).timestamp())
    assert reason(rule(hours=hours), now) is (None if is_open else Reason.OUTSIDE_HOURS)


@pytest.mark.parametrize(
    ("allowed", "account", "told"),
    [
        (["GBP>GBP"], "GBP", None),
        (["EUR>*", "GBP>GBP"], "EUR", None),
        (["*>GBP"], "JPY", None),
        (["*>*"], "JPY", None),
        (["GBP>EUR", "EUR>EUR"], "GBP", Reason.CURRENCY_NOT_TAKEN),
        (["GBP>GBP"], "EUR", Reason.CURRENCY_NOT_TAKEN),
        (["GBP>GBP"], "gbp", Reason.CURRENCY_NOT_TAKEN),
        (["GBP>GBP"], "*", Reason.CURRENCY_NOT_TAKEN),
        (["GBP>GBP", "*>GBP"], None, Reason.FACT_MISSING),
        (["*>*"], ["GBP"], Reason.FACT_MISSING),
        (["*>*"], "", Reason.FACT_MISSING),
    ],
)
def test_currency_pairs(allowed: list[str], account: Any, told: Reason | None) -> None:
    assert reason(rule(pairs=allowed), account_currency=account) is told


def corridor(
    *allowed: str, begin: str = "debtor_country", end: str = "creditor_country", unknown: str = "refuse"
) -> Rule:
    return rule(corridor={"begin": begin, "end": end, "allowed": list(allowed), "unknown": unknown})


def test_corridors() -> None:
    for allowed in (["GB>DE"], ["GB>*"], ["*>DE"], ["*>*"], ["FR>FR", "GB>DE"]):
        assert reason(corridor(*allowed)) is None
    for allowed in (["DE>GB"], ["GB>GB"], ["FR>*"], ["*>FR"]):
        assert reason(corridor(*allowed)) is Reason.CORRIDOR_CLOSED


@pytest.mark.parametrize("unknown", ["refuse", "pass"])
def test_an_unknown_country_has_the_answer_that_is_written(unknown: str) -> None:
    told = Reason.CORRIDOR_CLOSED if unknown == "refuse" else None
    assert reason(corridor("*>*", unknown=unknown), to="20000055779911") is told
    assert reason(corridor("*>*", unknown=unknown), to=None) is told
    assert reason(corridor("GB>*", begin="caller", end="anywhere", unknown=unknown)) is told


def test_the_callers_country() -> None:
    home = corridor("GB>*", begin="caller", end="anywhere")
    assert reason(home, caller="GB") is None
    assert reason(home, caller="KP") is Reason.CORRIDOR_CLOSED
