from typing import Any

import msgspec
import pytest
from calls import NOW
from ruled import paying, rule

from ringfence.clock import Instant
from ringfence.gateway.rule_counts import charge_of, exceeded
from ringfence.policy.rules_model import Rule
from ringfence.problem import Reason, Refused
from ringfence.store.sums import Charge


def charged(one: Rule, **more: Any) -> Charge:
    found = charge_of(one, paying(one, **more), NOW)
    assert found is not None
    return found


def total(*per: str, **more: Any) -> Rule:
    return rule(total={"per": list(per or ("debtor",)), "at_most": {"GBP": "100.00", "JPY": "500"}, **more})


def test_money_counts_in_the_smallest_unit() -> None:
    assert (charged(total()).amount, charged(total()).most) == (1000, 10_000)
    yen = charged(total(), amount="7", currency="JPY")
    assert (yen.amount, yen.most) == (7, 500)
    assert charged(total()).binding
    assert not charge_of(rule(mode="shadow", calls={"per": ["client"], "at_most": 1}), paying(), NOW).binding  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"amount": "1.00"}, True),
        ({"from": "gb29 nwbk 6016 1331 9268 19"}, True),
        ({"from": "GB29NWBK60161331926818"}, False),
        ({"currency": "JPY", "amount": "1"}, False),
        ({"to": "FR"}, True),
        ({"claims": {"client_id": "client_b", "user_id": "u", "consent_id": "c"}}, True),
    ],
)
def test_one_sum_for_each_debtor_and_currency(change: dict[str, Any], same: bool) -> None:
    assert (charged(total("debtor")).key == charged(total("debtor"), **change).key) is same


@pytest.mark.parametrize(
    ("who", "change"),
    [
        ("client", {"client_id": "client_b"}),
        ("user", {"user_id": "user_b"}),
        ("consent", {"grant_id": "grant_b"}),
    ],
)
def test_whose_sum_it_is(who: str, change: dict[str, str]) -> None:
    assert charged(total(who)).key != charged(total(who), claims=change).key
    other = {"client_id", "user_id", "grant_id"} - {*change, f"{who}_id", "grant_id"}
    for name in other:
        assert charged(total(who)).key == charged(total(who), claims={name: "x"}).key


def test_a_token_that_leaves_the_payment_of_its_grant_out_has_no_sum_of_its_own() -> None:
    """A token request may ask for less than the grant: then the consent that a payment uses up is not named in it."""
    with_payment, without = ({"grant_id": "grant_a", "consent_id": consent} for consent in ("consent_a", ""))
    assert charged(total("consent"), claims=with_payment).key == charged(total("consent"), claims=without).key


def test_parts_of_a_key_do_not_run_into_each_other() -> None:
    both = total("client", "user")
    first = charged(both, claims={"client_id": "a", "user_id": "b|c"})
    assert first.key != charged(both, claims={"client_id": "a|b", "user_id": "c"}).key


def test_pairs() -> None:
    often = rule(calls={"per": ["debtor", "creditor"], "at_most": 2})
    assert charged(often).key == charged(often, amount="3.00").key
    assert charged(often).key != charged(often, to="FR7630006000011234567890189").key
    assert (charged(often).amount, charged(often).most) == (1, 2)


def test_operations_count_apart_only_where_the_rule_says_so() -> None:
    def key(per: list[str], operation_id: str) -> bytes:
        one = rule(calls={"per": per, "at_most": 9})
        call = paying(one)
        identified = call.limited.authorized.identified
        op = msgspec.structs.replace(identified.located.operation, operation_id=operation_id)
        located = msgspec.structs.replace(identified.located, operation=op)
        identified = msgspec.structs.replace(identified, located=located)
        authorized = msgspec.structs.replace(call.limited.authorized, identified=identified)
        limited = msgspec.structs.replace(call.limited, authorized=authorized)
        found = charge_of(one, msgspec.structs.replace(call, limited=limited), NOW)
        assert found is not None
        return found.key

    assert key(["client"], "pay") == key(["client"], "payAbroad")
    assert key(["client", "operation"], "pay") != key(["client", "operation"], "payAbroad")


@pytest.mark.parametrize("change", [{"amount": None}, {"currency": None}, {"from": None}, {"amount": "1e3"}])
def test_what_cannot_be_counted_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        charged(total(), **change)
    assert refused.value.reason is Reason.FACT_MISSING


@pytest.mark.parametrize("change", [{"currency": "EUR"}, {"currency": "gbp"}])
def test_a_currency_without_a_sum_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        charged(total(), **change)
    assert refused.value.reason is Reason.CURRENCY_NOT_TAKEN


ABSENT = rule(unattended={"per": ["consent"], "header": "psu-ip-address"})


@pytest.mark.parametrize("value", ["192.0.2.1", "2001:db8::1"])
def test_with_the_customer_there_nothing_counts(value: str) -> None:
    assert charge_of(ABSENT, paying(headers=(("psu-ip-address", value),)), NOW) is None


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("psu-ip-address", ""),),
        (("psu-ip-address", "yes"),),
        (("psu-ip-address", "192.0.2.1, 192.0.2.2"),),
        (("psu-ip-address", "192.0.2.1"), ("psu-ip-address", "192.0.2.1")),
        (("x-fapi-customer-ip-address", "192.0.2.1"),),
    ],
)
def test_without_an_address_the_customer_is_absent(headers: tuple[tuple[str, str], ...]) -> None:
    assert charged(ABSENT, headers=headers).most == 4


@pytest.mark.parametrize(
    ("one", "frees", "reason", "status", "waits"),
    [
        (total(), 1, Reason.TOTAL_EXCEEDED, 429, True),
        (total(), -1, Reason.TOTAL_EXCEEDED, 403, False),
        (total("debtor", rolling_seconds=60), 1, Reason.TOTAL_EXCEEDED, 429, False),
        (total("debtor", "client", rolling_seconds=60), 1, Reason.TOTAL_EXCEEDED, 429, True),
        (rule(calls={"per": ["client"], "at_most": 2}), 1, Reason.CALLS_EXCEEDED, 429, True),
        (ABSENT, 1, Reason.CUSTOMER_ABSENT, 429, True),
    ],
)
def test_refusals_tell_the_rule_and_never_what_others_did(
    one: Rule, frees: int, reason: Reason, status: int, waits: bool
) -> None:
    why = exceeded(one, paying(one), frees, Instant(NOW))
    assert (why.reason, why.status) == (reason, status)
    assert why.detail
    assert ("retry-after" in dict(why.headers)) is waits
    assert "NWBK" not in why.detail
    assert "10.00" not in why.detail.replace("100.00", "")
