"""Limits of the consent itself: each amount, sums to the cent however many at once, calls, and time."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from calls import NOW
from ruled import claimed, paying, rule

from ringfence.clock import Instant
from ringfence.gateway.consent_limits import require_within_consent
from ringfence.gateway.govern import govern, take_back
from ringfence.gateway.ports import NoCountries
from ringfence.gateway.stages import Governed
from ringfence.policy.rules_model import Rule
from ringfence.problem import Reason, Refused
from ringfence.store.embedded.lmdb_sums import LmdbSums

HELD = {"type": "vrp", "currency": "GBP", "each": "50.00", "total": "100.00", "calls": 3, "from": "2026-07-01", "to": "2026-07-31"}  # fmt: skip
EXCEEDED, TIME = Reason.CONSENT_EXCEEDED, Reason.CONSENT_OUT_OF_TIME


def at(text: str) -> Instant:
    return Instant(datetime.fromisoformat(text).timestamp())


INSIDE = at("2026-07-10T12:00:00+00:00")


@pytest.fixture
def sums(tmp_path: Path) -> Iterator[LmdbSums]:
    opened = LmdbSums(tmp_path / "sums.mdb")
    yield opened
    opened.close()


def limits(*names: str, mode: str = "enforce", name: str = "r", **more: Any) -> Rule:
    places = {"begins": "/from", "ends": "/to"}
    said = {one: places.get(one, f"/{one}") for one in (*names, "currency")}
    return rule(name=name, mode=mode, consent={"type": "vrp", **said, **more})


def held(*details: dict[str, Any], **claims: Any) -> dict[str, Any]:
    return {"authorization_details": details, **claims}


async def governed(sums: LmdbSums, *rules: Rule, now: Instant = INSIDE, details: tuple[dict[str, Any], ...] = (HELD,), claims: dict[str, Any] | None = None, **payment: Any) -> Governed:  # fmt: skip
    call = paying(*rules, claims=held(*details, **(claims or {})), **payment)
    return await govern(claimed(call), sums, NoCountries(), now)


def reason(one: Rule, change: dict[str, Any], now: Instant = INSIDE, **payment: Any) -> Reason | None:
    assert one.consent is not None
    try:
        require_within_consent(one.consent, paying(one, claims=held(HELD | change), **payment), now)
    except Refused as why:
        return why.reason
    return None


@pytest.mark.parametrize(
    ("change", "payment", "told"),
    [
        ({}, {"amount": "50.00"}, None),
        ({}, {"amount": "50.01"}, EXCEEDED),
        ({"each": 50}, {"amount": "50.00"}, None),
        ({"each": "1e9"}, {}, EXCEEDED),
        ({"each": 50.0}, {}, EXCEEDED),
        ({"each": float("nan")}, {}, EXCEEDED),
        ({"each": float("inf")}, {}, EXCEEDED),
        ({"each": True}, {}, EXCEEDED),
        ({"each": None}, {}, EXCEEDED),
        ({"each": ["50.00"]}, {}, EXCEEDED),
        ({"each": "-1"}, {}, EXCEEDED),
        ({"currency": "gbp"}, {}, EXCEEDED),
        ({"currency": None}, {}, EXCEEDED),
        ({"currency": ["GBP"]}, {}, EXCEEDED),
        ({"type": "other"}, {}, EXCEEDED),
        ({}, {"currency": "EUR"}, EXCEEDED),
        ({}, {"currency": None}, Reason.FACT_MISSING),
        ({}, {"amount": None}, Reason.FACT_MISSING),
    ],
)
def test_one_amount(change: dict[str, Any], payment: dict[str, Any], told: Reason | None) -> None:
    assert reason(limits("each"), change, **payment) is told


@pytest.mark.parametrize(
    ("zone", "change", "now", "told"),
    [
        ("UTC", {}, "2026-07-01T00:00:00+00:00", None),
        ("UTC", {}, "2026-06-30T23:59:59+00:00", TIME),
        ("UTC", {}, "2026-07-31T23:59:59+00:00", None),
        ("UTC", {}, "2026-08-01T00:00:00+00:00", TIME),
        ("Europe/London", {}, "2026-06-30T23:00:00+00:00", None),
        ("Europe/London", {}, "2026-07-31T23:00:00+00:00", TIME),
        ("UTC", {"to": "2026-07-31T10:00:00Z"}, "2026-07-31T09:59:59+00:00", None),
        ("UTC", {"to": "2026-07-31T10:00:00Z"}, "2026-07-31T10:00:00+00:00", TIME),
        ("UTC", {"to": "2026-07-31t10:00:00.5+02:00"}, "2026-07-31T08:00:00+00:00", None),
        ("UTC", {"to": "2026-07-31T10:00:00"}, "2026-07-30T09:00:00+00:00", EXCEEDED),
        ("UTC", {"to": "2026-02-30"}, "2026-07-30T09:00:00+00:00", EXCEEDED),
        ("UTC", {"to": "9999-12-31"}, "2026-07-30T09:00:00+00:00", None),
        ("UTC", {"to": "20260731"}, "2026-07-30T09:00:00+00:00", EXCEEDED),
        ("UTC", {"to": "\uff12026-07-31"}, "2026-07-30T09:00:00+00:00", EXCEEDED),
        ("UTC", {"to": 1785456000}, "2026-07-30T09:00:00+00:00", EXCEEDED),
        ("UTC", {"to": None}, "2026-07-30T09:00:00+00:00", EXCEEDED),
        ("UTC", {"from": "never"}, "2026-07-30T09:00:00+00:00", EXCEEDED),
    ],
)
def test_from_when_until_when(zone: str, change: dict[str, Any], now: str, told: Reason | None) -> None:
    assert reason(limits("begins", "ends", zone=zone), change, at(now)) is told


async def test_fifty_at_once_hold_to_the_cent(sums: LmdbSums) -> None:
    """50 payments of 3.33: exactly 30 fit into the consent's 100.00, and 0.10 is left."""
    paid = await asyncio.gather(*(governed(sums, limits("total"), amount="3.33") for _ in range(50)), return_exceptions=True)  # fmt: skip
    assert sum(isinstance(one, Governed) for one in paid) == 30
    assert {one.reason for one in paid if isinstance(one, Refused)} == {EXCEEDED}
    assert all(isinstance(one, Governed | Refused) for one in paid)
    with pytest.raises(Refused):
        await governed(sums, limits("total"), amount="0.11")
    last = await governed(sums, limits("total"), amount="0.10")
    await take_back(last, sums)
    await governed(sums, limits("total"), amount="0.10")
    await governed(sums, limits("total"), amount="0.10", claims={"grant_id": "another"})


async def test_a_token_that_may_do_less_begins_no_new_sum(sums: LmdbSums) -> None:
    await governed(sums, limits("total"), amount="60.00")
    with pytest.raises(Refused):
        await governed(sums, limits("total"), amount="40.01", details=(HELD | {"total": "100", "more": "x"},))
    with pytest.raises(Refused):
        await governed(sums, limits("total"), amount="0.01", details=(HELD | {"total": "60.00"},))


async def test_a_token_that_leaves_a_payment_out_begins_no_new_sum(sums: LmdbSums) -> None:
    await governed(sums, limits("total"), amount="60.00", claims={"consent_id": "consent_1"})
    with pytest.raises(Refused):
        await governed(sums, limits("total"), amount="40.01", claims={"consent_id": ""})


async def test_how_often(sums: LmdbSums) -> None:
    daily = limits("calls", period="day")
    for _ in range(3):
        await governed(sums, daily)
    with pytest.raises(Refused) as why:
        await governed(sums, daily)
    assert dict(why.value.headers) == {"retry-after": str(12 * 3600)}
    await governed(sums, daily, now=Instant(INSIDE + 12 * 3600))
    with pytest.raises(Refused) as spent:
        await asyncio.gather(*(governed(sums, limits("calls", name="life"), now=Instant(INSIDE + day * 86_400)) for day in range(4)))  # fmt: skip
    assert spent.value.headers == ()


@pytest.mark.parametrize("calls", [True, "3", 3.0, -1, None, [3]])
async def test_how_often_is_a_whole_number(sums: LmdbSums, calls: Any) -> None:
    with pytest.raises(Refused) as why:
        await governed(sums, limits("calls"), details=(HELD | {"calls": calls},))
    assert why.value.reason is EXCEEDED


async def test_sum_and_calls_are_taken_together_or_not_at_all(sums: LmdbSums) -> None:
    both = limits("total", "calls")
    for amount in ("1.00", "2.00"):
        assert len((await governed(sums, both, amount=amount)).charges) == 2
    with pytest.raises(Refused):
        await governed(sums, both, amount="97.01")
    await governed(sums, both, amount="97.00")


@pytest.mark.parametrize("details", [(), (HELD, HELD), (HELD, HELD | {"each": "1"})])
async def test_one_object_counts(sums: LmdbSums, details: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(Refused) as why:
        await governed(sums, limits("each"), details=details)
    assert why.value.reason is EXCEEDED


async def test_without_a_consent_nothing_is_allowed(sums: LmdbSums) -> None:
    with pytest.raises(Refused) as why:
        await governed(sums, limits("total"), claims={"grant_id": "", "consent_id": ""})
    assert why.value.reason is EXCEEDED


async def test_in_shadow_it_is_told_and_counted(sums: LmdbSums) -> None:
    shadow = limits("total", mode="shadow")
    assert (await governed(sums, shadow, amount="100.00")).shadowed == ()
    assert (await governed(sums, shadow, amount="0.01")).shadowed == ("r=consent-exceeded",)
    assert (await governed(sums, limits("each", mode="shadow"), amount="51")).shadowed == ("r=consent-exceeded",)


def test_the_time_of_these_tests_is_inside() -> None:
    assert datetime.fromtimestamp(INSIDE, UTC).month == 7
    assert NOW != INSIDE
