"""Payments to somebody new: the sum and the login hold until a payment that succeeded is old enough."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from calls import NOW, json_body
from ruled import claimed, paying, rule
from world import HEADER, PAYMENT, World, told

from ringfence.clock import Instant
from ringfence.gateway.govern import govern
from ringfence.gateway.new_payee import Acquaintance, remember, standing
from ringfence.gateway.ports import NoCountries, NotSent
from ringfence.gateway.stages import Governed
from ringfence.message import Response
from ringfence.policy.rules_model import Facts, Rule
from ringfence.problem import Reason, Refused
from ringfence.store.embedded.lmdb_payees import KEY_BYTES, LmdbPayees
from ringfence.store.embedded.lmdb_sums import LmdbSums
from ringfence.store.interface import Unavailable

DAY = 86_400


class Bank:
    def __init__(self, directory: Path) -> None:
        self.sums = LmdbSums(directory / "sums.mdb")
        self.payees = LmdbPayees(directory / "payees.mdb", b"k" * KEY_BYTES)

    async def asked(self, *rules: Rule, now: float = NOW, **payment: Any) -> Governed:
        known = Acquaintance(self.payees, "DPoP")
        return await govern(claimed(paying(*rules, **payment)), self.sums, NoCountries(), Instant(now), known)

    async def paid(self, *rules: Rule, now: float = NOW, status: int = 201, **payment: Any) -> Governed:
        done = await self.asked(*rules, now=now, **payment)
        await remember(done, status, self.payees, Instant(now))
        return done

    async def refused(self, *rules: Rule, now: float = NOW, **payment: Any) -> Refused:
        with pytest.raises(Refused) as why:
            await self.asked(*rules, now=now, **payment)
        return why.value


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    opened = Bank(tmp_path)
    yield opened
    opened.sums.close()
    opened.payees.close()


def held(mode: str = "enforce", **more: Any) -> Rule:
    return rule(mode=mode, payee={"at_most": {"GBP": "100.00"}, "known_after_seconds": DAY, **more})


STRONG = rule(name="login", payee={"acr": ["strong"], "max_age_seconds": 60, "known_after_seconds": 0})


async def test_altogether_until_the_first_is_old_enough(bank: Bank) -> None:
    await bank.paid(held(), amount="60.00")
    why = await bank.refused(held(), amount="40.01", now=NOW + DAY - 1)
    assert why.reason is Reason.PAYEE_NEW
    assert "100.00 GBP altogether" in why.detail
    assert "24 h" in why.detail
    await bank.paid(held(), amount="40.00", now=NOW + DAY - 1)
    await bank.refused(held(), amount="0.01", now=NOW + DAY - 1)
    await bank.paid(held(), amount="9999.00", now=NOW + DAY)


async def test_fifty_at_once_to_one_new_payee_hold_to_the_cent(bank: Bank) -> None:
    results = await asyncio.gather(*(bank.paid(held(), amount="3.33") for _ in range(50)), return_exceptions=True)
    assert sum(isinstance(one, Governed) for one in results) == 30
    assert {one.reason for one in results if isinstance(one, Refused)} == {Reason.PAYEE_NEW}
    assert all(isinstance(one, Governed | Refused) for one in results)


@pytest.mark.parametrize("status", [100, 302, 400, 409, 500, 504])
async def test_only_success_makes_known(bank: Bank, status: int) -> None:
    await bank.paid(held(), amount="1.00", status=status)
    await bank.refused(held(), amount="100.00", now=NOW + DAY)
    assert (await bank.asked(STRONG, claims={"acr": "strong", "auth_time": NOW})).paid.since is None  # type: ignore[union-attr]


async def test_known_is_who_this_customer_paid(bank: Bank) -> None:
    await bank.paid(held(), amount="1.00")
    after = NOW + DAY
    await bank.asked(held(), amount="500.00", now=after)
    await bank.asked(held(), amount="500.00", now=after, to="de89 3704 0044 0532 0130 00")
    await bank.asked(held(), amount="500.00", now=after, claims={"client_id": "another"})
    for other in ({"to": "DE89370400440532013001"}, {"claims": {"user_id": "other"}}, {"claims": {"user_id": "", "client_id": "user_a"}}):  # fmt: skip
        assert (await bank.refused(held(), amount="500.00", now=after, **other)).reason is Reason.PAYEE_NEW


async def test_another_currency_and_what_cannot_be_read(bank: Bank) -> None:
    assert (await bank.refused(held(), currency="EUR")).reason is Reason.PAYEE_NEW
    assert (await bank.refused(held(), to=None)).reason is Reason.FACT_MISSING
    assert (await bank.refused(held(), to="--")).reason is Reason.FACT_MISSING
    assert (await bank.refused(held(), to={"iban": "x"})).reason is Reason.FACT_MISSING
    assert (await bank.refused(held(), amount="1e1")).reason is Reason.FACT_MISSING
    assert (await bank.refused(held(), amount="1.001")).reason is Reason.AMOUNT_OUT_OF_BOUNDS


async def test_a_login_for_somebody_new(bank: Bank) -> None:
    why = await bank.refused(STRONG, claims={"acr": "weak", "auth_time": NOW})
    assert why.reason is Reason.AUTHENTICATION_INSUFFICIENT
    challenge = dict(why.headers)["www-authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge
    assert 'acr_values="strong", max_age="60"' in challenge
    await bank.refused(STRONG, claims={"acr": "strong", "auth_time": NOW - 61})
    await bank.refused(STRONG, claims={"acr": "strong", "auth_time": None})
    await bank.paid(STRONG, claims={"acr": "strong", "auth_time": NOW - 60})
    await bank.asked(STRONG, claims={"acr": "weak", "auth_time": None})


async def test_in_shadow_payees_are_learnt_and_told(bank: Bank) -> None:
    assert (await bank.paid(held("shadow"), amount="100.01")).shadowed == ("r=payee-new",)
    assert (await bank.paid(held("shadow"), to=None)).shadowed == ("r=fact-missing",)
    done = await bank.asked(held(), amount="500.00", now=NOW + DAY)
    assert (standing(done), done.charges) == ("known", ())


async def test_forgotten_after_a_while(bank: Bank) -> None:
    await bank.paid(held(keep_seconds=DAY * 2), amount="1.00")
    await bank.asked(held(keep_seconds=DAY * 2), amount="500.00", now=NOW + DAY * 2 - 1)
    await bank.refused(held(keep_seconds=DAY * 2), amount="500.00", now=NOW + DAY * 2)


async def test_without_the_file_nobody_pays(bank: Bank) -> None:
    with pytest.raises(Unavailable):
        await govern(claimed(paying(held())), bank.sums, NoCountries(), NOW)
    bank.payees.close()
    with pytest.raises(Unavailable):
        await bank.asked(held())
    done = await govern(claimed(paying()), bank.sums, NoCountries(), NOW)
    assert (done.paid, standing(done), standing(None)) == (None, "", "")
    await remember(done, 201, None, NOW)


async def test_a_file_that_goes_meanwhile_leaves_the_payee_new(bank: Bank) -> None:
    done = await bank.asked(held())
    bank.payees.close()
    await remember(done, 201, bank.payees, NOW)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Payments whose currency and payee stand in headers, on a gateway that knows payees."""
    one = rule(payee={"at_most": {"GBP": "5.00"}, "known_after_seconds": 0})
    facts = Facts(amount="/amount", currency="header.x-currency", creditor="header.x-payee")
    fields = tuple(msgspec.structs.replace(HEADER, name=name) for name in ("x-currency", "x-payee"))
    demands = {"facts": facts, "rules": (one,)}
    made = World(tmp_path, method="POST", bodies=json_body(PAYMENT), demands=demands, parameters=fields)
    payees = LmdbPayees(tmp_path / "payees.mdb", b"k" * KEY_BYTES)
    made.gateway._ports = msgspec.structs.replace(made.gateway._ports, payees=payees)
    return made


async def paid(world: World, payee: str, amount: str) -> Response:
    headers = (("content-type", "application/json"), ("x-currency", "GBP"), ("x-payee", payee))
    asked = msgspec.structs.replace(
        world.request("POST", headers=headers), correlation=f"c{len(world.recorder.events)}"
    )
    return await world.call(asked, msgspec.json.encode({"amount": amount}))


async def test_the_whole_chain_learns_from_answers(world: World) -> None:
    world.upstream.answer = NotSent(Reason.UPSTREAM_UNREACHABLE)
    await paid(world, "gb1", "5.00")
    world.upstream.answer = Response(400, (("content-type", "application/json"),), b"{}")
    await paid(world, "gb1", "2.00")
    world.upstream.answer = Refused(Reason.UPSTREAM_TIMEOUT)
    await paid(world, "gb1", "2.00")
    assert told(await paid(world, "gb1", "1.01")) == "payee-new"
    world.upstream.answer = Response(201, (("content-type", "application/json"),), b"{}")
    assert (await paid(world, "gb1", "1.00")).status == 201
    assert (await paid(world, "gb1", "900.00")).status == 201
    assert told(await paid(world, "gb2", "900.00")) == "payee-new"
    events = [(event.payee, event.status) for event in world.recorder.events]
    assert events == [("new", 502), ("new", 400), ("new", 504), ("", 403), ("new", 201), ("known", 201), ("", 403)]
