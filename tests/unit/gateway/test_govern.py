"""Rules on real sums: all of them or none, to the cent, however many payments come at once."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from calls import NOW
from ruled import claimed, paying, rule

from ringfence.clock import Instant
from ringfence.gateway.govern import govern, take_back
from ringfence.gateway.ports import NoCountries
from ringfence.gateway.stages import Governed
from ringfence.policy.rules_model import Rule
from ringfence.problem import Reason, Refused
from ringfence.store.embedded.lmdb_sums import LmdbSums
from ringfence.store.interface import Unavailable


@pytest.fixture
def sums(tmp_path: Path) -> Iterator[LmdbSums]:
    opened = LmdbSums(tmp_path / "sums.mdb")
    yield opened
    opened.close()


async def governed(sums: LmdbSums | None, *rules: Rule, now: float = NOW, **payment: Any) -> Governed:
    return await govern(claimed(paying(*rules, **payment)), sums, NoCountries(), Instant(now))


async def refused(sums: LmdbSums, *rules: Rule, **payment: Any) -> Refused:
    with pytest.raises(Refused) as found:
        await governed(sums, *rules, **payment)
    assert found.value.detail.startswith(f"rule {rules[-1].name}: ")
    return found.value


def total(name: str = "day", mode: str = "enforce", most: str = "100.00", **more: Any) -> Rule:
    return rule(name=name, mode=mode, total={"per": ["debtor"], "at_most": {"GBP": most}, **more})


async def test_without_rules_nobody_is_asked() -> None:
    call = claimed(paying())
    assert await govern(call, None, NoCountries(), NOW) == Governed(call.constrained)


async def test_a_rule_that_counts_needs_sums() -> None:
    with pytest.raises(Unavailable):
        await governed(None, total())


async def test_fifty_payments_at_once_hold_to_the_cent(sums: LmdbSums) -> None:
    """50 payments of 3.33: exactly 30 fit into 100.00, and 0.10 is left."""
    results = await asyncio.gather(*(governed(sums, total(), amount="3.33") for _ in range(50)), return_exceptions=True)
    assert sum(isinstance(r, Governed) for r in results) == 30
    assert {r.reason for r in results if isinstance(r, Refused)} == {Reason.TOTAL_EXCEEDED}
    await refused(sums, total(), amount="0.11")
    await governed(sums, total(), amount="0.10")
    await refused(sums, total(), amount="0.01")
    await governed(sums, total(), amount="0.01", **{"from": "GB00OTHER000000000000"})


async def test_fifty_payments_of_which_some_were_not_sent(sums: LmdbSums) -> None:
    async def one(i: int) -> bool:
        try:
            done = await governed(sums, total(), amount="10.00")
        except Refused:
            return False
        if i % 2:
            await take_back(done, sums)
        return i % 2 == 0

    paid = sum(await asyncio.gather(*(one(i) for i in range(50))))
    assert paid <= 10
    for _ in range(10 - paid):
        await governed(sums, total(), amount="10.00")
    await refused(sums, total(), amount="0.01")


async def test_the_next_day_begins_anew(sums: LmdbSums) -> None:
    await governed(sums, total(), amount="100.00")
    why = await refused(sums, total())
    wait = int(dict(why.headers)["retry-after"])
    assert 0 < wait <= 86_400
    await governed(sums, total(), now=NOW + wait, amount="100.00")


async def test_four_reads_a_day_without_the_customer_and_any_with(sums: LmdbSums) -> None:
    four = rule(unattended={"per": ["consent", "debtor"], "header": "psu-ip-address", "rolling_seconds": 86_400})
    for hour in range(4):
        await governed(sums, four, now=NOW + hour * 60)
    why = await refused(sums, four, now=NOW + 86_399)
    assert (why.reason, dict(why.headers)["retry-after"]) == (Reason.CUSTOMER_ABSENT, "1")
    await governed(sums, four, headers=(("psu-ip-address", "192.0.2.1"),))
    await governed(sums, four, now=NOW + 86_400)
    await refused(sums, four, now=NOW + 86_400)


async def test_if_one_rule_refuses_nothing_is_counted(sums: LmdbSums) -> None:
    often = rule(name="often", calls={"per": ["client"], "at_most": 1})
    await governed(sums, often)
    assert (await refused(sums, total(), often)).reason is Reason.CALLS_EXCEEDED
    closed = rule(name="pounds", currencies=["EUR"])
    assert (await refused(sums, total(), closed)).reason is Reason.CURRENCY_NOT_TAKEN
    await governed(sums, total(), amount="100.00")


async def test_shadow_counts_tells_and_refuses_nothing(sums: LmdbSums) -> None:
    shadow = total(mode="shadow", most="15.00")
    assert (await governed(sums, shadow)).shadowed == ()
    second = await governed(sums, shadow, total("other"))
    assert second.shadowed == ("day=total-exceeded",)
    assert [charge.most for charge in second.charges] == [10_000]
    await take_back(second, sums)
    assert (await governed(sums, shadow, amount="5.00")).shadowed == ()
    assert (await governed(sums, shadow, amount=None)).shadowed == ("day=fact-missing",)
    pounds = rule(name="pounds", mode="shadow", currencies=["EUR"])
    assert (await governed(sums, pounds)).shadowed == ("pounds=currency-not-taken",)


async def test_shadow_rows_do_not_grow_with_the_calls_that_they_would_refuse(sums: LmdbSums, tmp_path: Path) -> None:
    shadow = rule(mode="shadow", calls={"per": ["client"], "at_most": 2, "rolling_seconds": 3600})
    for i in range(200):
        await governed(sums, shadow, now=NOW + i / 100)
    with sums._env.begin() as view, view.cursor() as cursor:
        assert [len(row) for row in cursor.iternext(keys=False)] == [8 + 2 * 24]


async def test_sums_hold_no_account_in_clear(sums: LmdbSums, tmp_path: Path) -> None:
    await governed(sums, total())
    assert b"nwbk" not in (tmp_path / "sums.mdb").read_bytes().lower()


async def test_sums_that_go_meanwhile_cost_the_caller_nothing(sums: LmdbSums) -> None:
    class Gone:
        async def take_back(self, charges: Any) -> None:
            raise Unavailable("gone")

    await take_back(await governed(sums, total()), Gone())  # type: ignore[arg-type]
