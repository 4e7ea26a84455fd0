"""Expressions decided on calls: exact, unknown is not true, and nothing that a caller writes becomes a part of them."""

import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from calls import NOW
from ruled import paying, rule

from ringfence.clock import Instant
from ringfence.gateway.expressed import LONGEST_TEXT, require_expression
from ringfence.gateway.ports import NoCountries
from ringfence.policy.expressions import compiled_once
from ringfence.problem import Reason, Refused

NOT_MET, MISSING = Reason.RULE_NOT_MET, Reason.FACT_MISSING


class Somewhere:
    def of(self, address: str) -> str:
        return "GB" if address == "192.0.2.7" else ""


def reason(must: str, *, now: Instant = NOW, somewhere: bool = True, more: dict[str, Any] | None = None, **payment: Any) -> Reason | None:  # fmt: skip
    one = rule(expression={"must": must, "say": "what would pass", **(more or {})})
    assert one.expression is not None
    countries = Somewhere() if somewhere else NoCountries()
    try:
        require_expression(one.expression, paying(one, **payment), countries, now)
    except Refused as why:
        return why.reason if why.detail == "what would pass" or why.reason is MISSING else None
    return None


@pytest.mark.parametrize(
    ("must", "payment", "told"),
    [
        ("amount_minor <= 1000", {}, None),
        ("amount_minor <= 1000", {"amount": "10.01"}, NOT_MET),
        ("amount_minor == 1", {"amount": "0.01"}, None),
        ("amount_minor == 5", {"amount": "5", "currency": "JPY"}, None),
        ("amount_minor <= 1000", {"amount": "1e1"}, MISSING),
        ("amount_minor <= 1000", {"amount": "-1"}, MISSING),
        ("amount_minor <= 1000", {"amount": "NaN"}, MISSING),
        ("amount_minor <= 1000", {"amount": float("nan")}, MISSING),
        ("amount_minor <= 1000", {"amount": True}, MISSING),
        ("amount_minor <= 1000", {"amount": None}, MISSING),
        ("amount_minor <= 1000", {"amount": "1.001"}, NOT_MET),
        ("amount_minor > 1000", {"amount": "9" * 18}, MISSING),
        ("amount_minor <= 1000", {"amount": "9" * 19}, MISSING),
        ("amount_minor * 10000000000 > 0", {"amount": "9999999999.99"}, NOT_MET),
        ("1 / (amount_minor - 1000) == 0", {}, NOT_MET),
        ('currency == "GBP"', {}, None),
        ('currency == "GBP"', {"currency": "gbp"}, NOT_MET),
        ('currency != "KPW"', {"currency": None}, MISSING),
        ('debtor == "gb29nwbk60161331926819"', {"from": "GB29 NWBK 6016 1331 9268 19"}, None),
        ('creditor_country != "KP"', {"to": "12345678"}, NOT_MET),
        ('creditor_country != "KP" || amount_minor < 5000', {"to": "12345678"}, None),
        ('!(creditor_country == "KP")', {"to": "12345678"}, NOT_MET),
        ('creditor_country == "KP" ? false : true', {"to": "12345678"}, NOT_MET),
        ('"pay" in scopes && client == "c" && user == "u" && consent == "k"',
         {"claims": {"scopes": frozenset({"pay"}), "client_id": "c", "user_id": "u", "consent_id": "k"}}, None),
        ("login_age < 300", {"claims": {"auth_time": Instant(NOW - 299)}}, None),
        ("login_age < 300", {"claims": {"auth_time": Instant(NOW - 300)}}, NOT_MET),
        ("login_age < 300", {"claims": {"auth_time": None}}, NOT_MET),
        ('acr != "weak" && size(actors) == 0', {"claims": {"acr": "strong"}}, None),
        ('caller_country == "GB"', {}, None),
        ("size(operation) > 0", {}, None),
    ],
)  # fmt: skip
def test_what_a_call_tells(must: str, payment: dict[str, Any], told: Reason | None) -> None:
    assert reason(must, **payment) is told


def test_a_country_that_nobody_knows_is_not_the_one_that_is_wanted_nor_another() -> None:
    assert reason('caller_country == "GB"', somewhere=False) is NOT_MET
    assert reason('caller_country != "GB"', somewhere=False) is NOT_MET


def test_the_clock_is_that_of_the_zone() -> None:
    london = datetime.fromisoformat("2026-07-03T00:30").replace(tzinfo=ZoneInfo("Europe/London"))
    now = Instant(london.timestamp())
    assert reason('hour == 0 && minute == 30 && weekday == "fri" && date == "2026-07-03"', now=now, more={"zone": "Europe/London"}) is None  # fmt: skip
    assert reason('hour == 23 && weekday == "thu" && date == "2026-07-02"', now=now) is None


def declared(kind: str, **more: Any) -> dict[str, Any]:
    return {"values": {"it": {"at": "/it", "type": kind, **more}}}


@pytest.mark.parametrize(
    ("must", "kind", "it", "told"),
    [
        ('it == "rent"', "string", "rent", None),
        ('it != "rent"', "string", None, MISSING),
        ('it != "rent"', "string", 5, MISSING),
        ('it != "rent"', "string", ["rent"], MISSING),
        ('it != "rent"', "string", {"a": 1}, MISSING),
        ('it != "rent"', "string", "x" * LONGEST_TEXT, None),
        ('it != "rent"', "string", "x" * (LONGEST_TEXT + 1), MISSING),
        ('it != "rent"', "string", "\ud800", NOT_MET),
        ('it != "rent"', "string", 'rent" || true || "', None),
        ('it == "rent"', "string", 'rent" || true || "', NOT_MET),
        ('it == "rent"', "string", "rent\x00", NOT_MET),
        ('it == "rent"', "string", "r\u0435nt", NOT_MET),
        ('it == "rent"', "string", "\uff52ent", NOT_MET),
        ("it == client", "string", "client", NOT_MET),
        ("it >= 0", "int", 0, None),
        ("it >= 0", "int", (1 << 63) - 1, None),
        ("it >= 0", "int", 1 << 63, MISSING),
        ("it >= 0", "int", 1 << 70, MISSING),
        ("it >= 0", "int", True, MISSING),
        ("it >= 0", "int", 1.0, MISSING),
        ("it >= 0", "int", float("inf"), MISSING),
        ("it + 1 > 0", "int", (1 << 63) - 1, NOT_MET),
        ("it", "bool", True, None),
        ("it", "bool", 1, MISSING),
        ("!it", "bool", None, MISSING),
        ("!it", "bool", "false", MISSING),
        ("it >= 0 || amount_minor == 1000", "int", "many", None),
    ],
)
def test_members_are_what_they_are_declared_to_be(must: str, kind: str, it: Any, told: Reason | None) -> None:
    assert reason(must, more=declared(kind), it=it) is told


def test_what_is_absent_may_have_a_value() -> None:
    assert reason("!it", more=declared("bool", absent=False)) is None
    assert reason("!it", more=declared("bool", absent=False), it="x") is MISSING


def test_a_native_engine_that_panics_lets_nobody_through(monkeypatch: pytest.MonkeyPatch) -> None:
    class Panic(BaseException):
        pass

    class Program:
        def execute(self, told: dict[str, Any]) -> bool:
            raise Panic

    broken = compiled_once("hour >= 0")._replace(program=Program())
    monkeypatch.setattr("ringfence.gateway.expressed.compiled_once", lambda text: broken)
    assert reason("hour >= 0") is NOT_MET


def test_the_worst_expression_over_the_worst_text_is_short() -> None:
    """What is allowed costs no more than reading the text for each part: some µs, and never the tenths of a second."""
    part = f'it.contains("{"a" * 30}b")'
    must = " || ".join([part] * (1000 // (len(part) + 4)))
    began = time.process_time()
    for _ in range(20):
        assert reason(must, more=declared("string"), it="a" * LONGEST_TEXT) is NOT_MET
    assert (time.process_time() - began) / 20 < 0.02
