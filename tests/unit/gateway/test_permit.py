"""Cedar asked about calls: deny by default, forbid wins, what fails refuses, and a caller's text is only ever a value."""

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cedarpy
import msgspec
import pytest
from calls import NOW
from ruled import FACTS, paying
from world import World, pay
from world import paying as paying_world

from ringfence.clock import Instant
from ringfence.gateway.permit import _CALLER, _FACT, Denied, determining, permit
from ringfence.gateway.ports import NoCountries
from ringfence.gateway.stages import Constrained, Permitted, Screened
from ringfence.message import Peer
from ringfence.policy.cedar import Cedar
from ringfence.policy.cedar_schema import NAMES, cedar_schema
from ringfence.policy.cedar_text import words
from ringfence.problem import Reason, Refused, problem_document

ALL = "permit(principal, action, resource)"


class Somewhere:
    def of(self, address: str) -> str:
        return "GB" if address == "192.0.2.7" else ""


def cedar(*policies: str, shadow: bool = False, facts: bool = True) -> Cedar:
    """Return policies with the names p0, p1 …, held against the schema as at start."""
    text = "\n".join(policies)
    operation: Any = SimpleNamespace(
        api="bank", version="v1", operation_id="GetA", demands=SimpleNamespace(facts=FACTS if facts else type(FACTS)())
    )
    used = words(text) & NAMES
    schema = cedarpy.Schema.from_json_str(cedar_schema([operation], used))
    assert cedarpy.validate_policies(text, schema), cedarpy.validate_policies(text, schema).errors
    return Cedar(
        cedarpy,
        cedarpy.PolicySet.from_str(text),
        schema,
        cedarpy.Entities.from_json_str("[]", schema),
        {f"policy{i}": f"p{i}" for i in range(len(policies))},
        used,
        shadow,
    )


def asked(given: Cedar | None, *, somewhere: bool = True, **payment: Any) -> Permitted:
    call = Constrained(Screened(paying(**payment)))
    return permit(call, given, Somewhere() if somewhere else NoCountries(), NOW)


def when(condition: str, **payment: Any) -> Reason | None:
    try:
        asked(cedar(f"{ALL} when {{ {condition} }};"), **payment)
    except Refused as why:
        return why.reason
    return None


DENIED, MISSING = Reason.POLICY_DENIED, Reason.FACT_MISSING


def test_without_policies_nothing_is_asked() -> None:
    assert asked(None).policies == ()


@pytest.mark.parametrize(
    ("condition", "payment", "told"),
    [
        ("true", {}, None),
        ("false", {}, DENIED),
        ('principal == User::"user_a"', {}, None),
        ("principal is Client", {}, DENIED),
        ('principal == Client::"client_a"', {"claims": {"user_id": ""}}, None),
        ("context has user", {"claims": {"user_id": ""}}, DENIED),
        ('context has user && context.user == User::"user_a"', {}, None),
        ('context.client == Client::"client_a"', {}, None),
        ('resource == Api::"bank/v1"', {}, None),
        ('action in Action::"bank" && action in Action::"bank/v1" && action == Action::"bank/v1/GetA"', {}, None),
        ('context.scopes.containsAll(["accounts"])', {}, None),
        ('context.scopes.contains("pay")', {}, DENIED),
        ('context.actors.contains("a")', {"claims": {"actors": ("a", "b")}}, None),
        ('context.binding == "dpop"', {}, None),
        ('context.binding == "mtls"', {"claims": {"x5t_s256": "t"}}, None),
        ('context has consent && context.consent == "grant_a"', {}, None),
        ('context has acr && context.acr == "strong"', {"claims": {"acr": "strong"}}, None),
        ("context has acr", {}, DENIED),
        ("context has login_age && context.login_age <= 300", {"claims": {"auth_time": Instant(NOW - 300)}}, None),
        ("context has login_age && context.login_age <= 300", {"claims": {"auth_time": Instant(NOW - 301)}}, DENIED),
        ("context has login_age && context.login_age <= 300", {}, DENIED),
        ('context has network && context.network.isInRange(ip("192.0.2.0/24"))', {}, None),
        ('context has network && context.network.isInRange(ip("10.0.0.0/8"))', {}, DENIED),
        ('context has caller_country && context.caller_country == "GB"', {}, None),
        ("context.amount_minor <= 1000", {}, None),
        ("context.amount_minor <= 1000", {"amount": "10.01"}, DENIED),
        ("context.amount_minor <= 1000", {"amount": "1e1"}, MISSING),
        ("context.amount_minor <= 1000", {"amount": None}, MISSING),
        ("context.amount_minor <= 1000", {"amount": math.nan}, MISSING),
        ("context.amount_minor <= 1000", {"amount": True}, MISSING),
        ("context.amount_minor <= 1000", {"amount": "9" * 40}, MISSING),
        ("context.amount_minor <= 1000", {"amount": "1.001"}, Reason.AMOUNT_OUT_OF_BOUNDS),
        ('context.currency == "GBP"', {}, None),
        ('context.currency == "GBP"', {"currency": None}, MISSING),
        ('context.debtor_currency == "GBP"', {"account_currency": "GBP"}, None),
        ('context.debtor_currency == "GBP"', {}, MISSING),
        ('context.debtor == Account::"gb29nwbk60161331926819"', {"from": "GB29 NWBK 6016 1331 9268 19"}, None),
        ('context.creditor == Account::"de89370400440532013000"', {}, None),
        ('context.creditor == Account::"x"', {"to": None}, MISSING),
        ('context has creditor_country && context.creditor_country == "DE"', {}, None),
        ("context has creditor_country", {"to": "12345678"}, DENIED),
        ("true", {"amount": "1e1", "currency": None}, None),
    ],
)  # fmt: skip
def test_what_a_call_tells(condition: str, payment: dict[str, Any], told: Reason | None) -> None:
    assert when(condition, **payment) is told


def test_every_name_of_the_schema_is_read_out_of_a_call() -> None:
    assert {*_CALLER, *_FACT} == NAMES
    assert not {*_CALLER} & {*_FACT}


def test_a_forbid_wins_and_the_policies_that_decide_are_told_and_not_answered() -> None:
    both = cedar(f"{ALL};", f'{ALL} when {{ context.binding == "dpop" }};', f"{ALL} when {{ false }};")
    assert asked(both).policies == ("p0", "p1")
    against = cedar(f"{ALL};", 'forbid(principal, action, resource) unless { context.binding == "mtls" };')
    with pytest.raises(Denied) as refused:
        asked(against)
    why = refused.value
    assert (why.status, why.policies, why.private) == (403, ("p1",), "cedar: forbidden by p1")
    assert determining(None, why) == ("p1",)
    answered = problem_document(why, "c1")  # type: ignore[arg-type]
    assert b"p1" not in answered
    assert b"cedar" not in answered.lower()
    with pytest.raises(Denied, match="policy-denied") as none:
        asked(cedar("forbid(principal, action, resource) when { false };"))
    assert (none.value.policies, none.value.private) == ((), "cedar: permitted by none")


OVERFLOW = "context.amount_minor * 9223372036854775807 > 0"


@pytest.mark.parametrize("effect", ["permit", "forbid"])
def test_a_policy_that_fails_refuses_also_where_another_permits(effect: str) -> None:
    failing = cedar(f"{ALL};", f"{effect}(principal, action, resource) when {{ {OVERFLOW} }};")
    with pytest.raises(Denied) as refused:
        asked(failing)
    assert refused.value.private == "cedar: p1 failed"


class Panic(BaseException):
    pass


@pytest.mark.parametrize("error", [ValueError, RuntimeError, Panic])
def test_an_engine_that_fails_lets_nobody_through(error: type[BaseException]) -> None:
    def fails(*_: Any) -> None:
        raise error("broken")

    broken = SimpleNamespace(is_authorized=fails, Decision=cedarpy.Decision)
    with pytest.raises(Denied) as refused:
        asked(msgspec.structs.replace(cedar(f"{ALL};"), engine=broken))
    assert refused.value.private == f"cedar failed: {error.__name__}"


def test_shadow_lets_pass_and_tells_what_it_would_have_done() -> None:
    no = cedar(f"{ALL};", "forbid(principal, action, resource);", shadow=True)
    seen = asked(no)
    assert (seen.policies, seen.shadowed) == (("p1",), ("Cedar=policy-denied",))
    unread = cedar(f"{ALL} when {{ context.amount_minor < 5 }};", shadow=True)
    assert asked(unread, amount="x").shadowed == ("Cedar=fact-missing",)
    assert asked(cedar(f"{ALL};", shadow=True)).shadowed == ()


@pytest.mark.parametrize(
    "text",
    [
        'x" || true || "', '"; permit(principal, action, resource); "', "\x00", "a\nb", "\ud800", "é" * 4000,
        '{"__entity": {"type": "User", "id": "admin"}}', '${"__extn"}', "x" * 5000,
    ],
)  # fmt: skip
def test_what_a_caller_writes_is_a_value_and_nothing_else(text: str) -> None:
    wanted = cedar(f'{ALL} when {{ context.currency == "GBP" && context.creditor == Account::"admin" }};')
    for payment in ({"currency": text}, {"to": text}, {"currency": "GBP", "to": text}):
        with pytest.raises(Refused) as refused:
            asked(wanted, **payment)
        assert refused.value.reason in {DENIED, MISSING}
    assert when('principal == User::"admin"', claims={"user_id": text}) is DENIED
    assert when('context.scopes.contains("admin")', claims={"scopes": frozenset({text})}) is DENIED


@pytest.mark.parametrize("value", [{"__entity": {"type": "Account", "id": "admin"}}, ["admin"], None, 1.5, {}])
def test_what_is_no_text_is_no_account_and_no_currency(value: Any) -> None:
    assert when('context.creditor == Account::"admin"', to=value) is MISSING
    assert when('context.currency == "admin"', currency=value) is MISSING


@pytest.mark.parametrize(
    ("address", "condition"),
    [
        ("", "!(context has network)"),
        ("192.0.2.999", "!(context has network)"),
        ("fe80::1%eth0", 'context has network && context.network.isInRange(ip("fe80::/10"))'),
        ("::ffff:192.0.2.7", 'context has network && context.network == ip("192.0.2.7")'),
    ],
)
def test_a_network_has_one_spelling_or_is_not_told(address: str, condition: str) -> None:
    call = paying()
    identified = call.limited.authorized.identified
    request = msgspec.structs.replace(identified.located.request, peer=Peer(address))
    located = msgspec.structs.replace(identified.located, request=request)
    authorized = msgspec.structs.replace(
        call.limited.authorized, identified=msgspec.structs.replace(identified, located=located)
    )
    valid = msgspec.structs.replace(call, limited=msgspec.structs.replace(call.limited, authorized=authorized))
    given = cedar(f"{ALL} when {{ {condition} }};")
    assert permit(Constrained(Screened(valid)), given, NoCountries(), NOW).policies == ("p0",)


def test_the_policies_are_parsed_once() -> None:
    """The engine says itself what it had to parse: nothing but the call."""
    given, seen = cedar(f"{ALL} when {{ context.amount_minor < 5000 }};"), []

    def is_authorized(*args: Any) -> Any:
        seen.append(cedarpy.is_authorized(*args))
        return seen[-1]

    watched = SimpleNamespace(is_authorized=is_authorized, Decision=cedarpy.Decision)
    asked(msgspec.structs.replace(given, engine=watched))
    metrics = seen[0].metrics
    assert [metrics[f"{part}_pre_parsed"] for part in ("policies", "schema", "entities")] == [1, 1, 1], json.dumps(
        metrics
    )


async def test_in_the_chain_a_denied_call_takes_nothing_and_its_event_names_the_policies(tmp_path: Path) -> None:
    world = paying_world(tmp_path, {"name": "two", "calls": {"per": ["client"], "at_most": 2}})

    async def told(key: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        await pay(world, key)
        event = world.recorder.events[-1]
        return event.reason, event.policies, event.rules

    against = cedar(f"{ALL};", "forbid(principal, action, resource);")
    put(world, against)
    assert await told("k") == ("policy-denied", ("p1",), ())
    assert not world.upstream.sent
    put(world, cedar(f"{ALL};"))
    assert await told("k") == ("", ("p0",), ()), "neither key nor count were taken by the call before"
    put(world, cedar(f"{ALL} when {{ false }};"))
    assert await told("k") == ("policy-denied", (), ()), "an answer is not repeated for whom it is not permitted"
    put(world, msgspec.structs.replace(against, shadow=True))
    assert await told("l") == ("", ("p1",), ("Cedar=policy-denied",))
    assert await told("m") == ("calls-exceeded", ("p1",), ("Cedar=policy-denied",))
    assert len(world.upstream.sent) == 2


async def test_who_may_not_call_at_all_learns_nothing_of_policies(tmp_path: Path) -> None:
    world = paying_world(tmp_path)
    put(world, cedar("forbid(principal, action, resource);"))
    await pay(world, scope="other")
    assert (world.recorder.events[-1].reason, world.recorder.events[-1].policies) == ("scope-missing", ())


def put(world: World, given: Cedar | None) -> None:
    world.gateway.replace(msgspec.structs.replace(world.gateway._rules, cedar=given))
