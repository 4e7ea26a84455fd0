"""Recorded calls decided again: by the chain's own steps, and never more than an event tells."""

import json
from typing import Any

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.events.calls import CallDecided
from ringfence.gateway.replay import Replay, Replayed
from ringfence.policy.limits_model import Limit
from ringfence.policy.linking_model import Link, LinkMembers
from ringfence.policy.model import Upstream
from ringfence.policy.operations import EffectiveDemands, Operation
from ringfence.policy.routes import RouteTable
from ringfence.problem import Reason

NOW = Instant(1_760_000_000.0)
DEMANDS = EffectiveDemands(frozenset({"accounts"}), user_required=False, binding="any", limits=(), max_body_bytes=100)


def operation(template: str = "/accounts/{id}", name: str = "getAccount", **demands: Any) -> Operation:
    return Operation(
        api="bank",
        version="v1",
        operation_id=name,
        method="GET",
        template=template,
        upstream=Upstream(url="http://u"),
        upstream_name="bank/v1",
        demands=msgspec.structs.replace(DEMANDS, **demands),
        parameters=(),
        bodies={},
        body_required=False,
        unknown_query="refuse",
        statuses=frozenset(),
    )


def table(*operations: Operation, hidden: str = "") -> RouteTable:
    made = RouteTable()
    for one in operations:
        made.add(one, "")
    if hidden:
        made.hide("GET", hidden, "")
    return made


def call(n: int = 0, **more: Any) -> CallDecided:
    fields: dict[str, Any] = {
        "at": Instant(NOW + n),
        "correlation": f"c{n}",
        "trace": "t",
        "allowed": True,
        "status": 200,
        "method": "GET",
        "path": "/accounts/{id}",
        "operation": "getAccount",
        "client": "kestrel",
        "user": "alice",
        "scopes": ("accounts",),
        "binding": "dpop",
    }
    return CallDecided(**(fields | more))


async def replayed(against: RouteTable, *events: CallDecided) -> Replayed:
    replay = Replay(against)
    for event in events:
        await replay.feed(event)
    return replay.result()


def told(found: Replayed) -> list[tuple[str, str, str, int]]:
    return [(c.kind, c.client, c.reason, c.calls) for c in found.changes]


async def test_under_the_same_demands_nothing_changes() -> None:
    found = await replayed(table(operation()), call(), call(1, allowed=False, status=403, reason="schema-body"))
    assert (found.calls, found.changes, found.unseen, found.untold) == (2, (), (), 0)


@pytest.mark.parametrize(
    ("demands", "event", "reason"),
    [
        ({"scopes": frozenset({"accounts", "more"})}, {}, "scope-missing"),
        ({"user_required": True}, {"user": ""}, "user-required"),
        ({"binding": "mtls"}, {}, "scheme-mismatch"),
        ({"binding": "dpop"}, {"binding": "mtls"}, "scheme-mismatch"),
        ({"acr": ("loa3",)}, {"acr": "loa2"}, "authentication-insufficient"),
        ({"max_age_seconds": 60}, {"login_age": 61}, "authentication-insufficient"),
        ({"max_age_seconds": 60}, {}, "authentication-insufficient"),
        ({"max_body_bytes": 9}, {"request_bytes": 10}, "body-too-large"),
    ],
)
async def test_a_demand_that_calls_do_not_meet(demands: Any, event: Any, reason: str) -> None:
    assert reason in {r.value for r in Reason}
    found = await replayed(table(operation(**demands)), call(**event), call(1, **event))
    assert told(found) == [("refused", "kestrel", reason, 2)]
    assert found.changes[0].example == "c0"


async def test_demands_that_are_met() -> None:
    met = operation(binding="dpop", acr=("loa3",), max_age_seconds=60, max_body_bytes=10, user_required=True)
    assert told(await replayed(table(met), call(acr="loa3", login_age=60, request_bytes=10))) == []


async def test_operations_that_are_gone_hidden_renamed_or_new() -> None:
    assert told(await replayed(table(operation("/other")), call())) == [("refused", "kestrel", "unknown-path", 1)]
    hidden = table(operation("/other"), hidden="/accounts/{x}")
    assert told(await replayed(hidden, call())) == [("refused", "kestrel", "not-exposed", 1)]
    assert told(await replayed(table(operation("/accounts/{account}", "other")), call())) == []
    lost = call(allowed=False, status=404, reason="unknown-path", operation="", client="", path="/accounts/7")
    assert told(await replayed(table(operation()), lost)) == [("further", "", "unknown-path", 1)]


async def test_a_call_refused_for_what_a_replay_does_not_decide_stays_refused() -> None:
    for reason in ("token-expired", "proof-replayed", "schema-body", "upstream-timeout"):
        assert told(await replayed(table(operation()), call(allowed=False, status=401, reason=reason))) == []


async def test_a_scope_that_is_no_longer_demanded_lets_calls_get_further() -> None:
    event = call(allowed=False, status=403, reason="scope-missing", scopes=())
    assert told(await replayed(table(operation(scopes=frozenset())), event)) == [
        ("further", "kestrel", "scope-missing", 1)
    ]
    assert told(await replayed(table(operation()), event)) == []


async def test_limits_run_in_the_time_of_the_events_each_client_by_itself() -> None:
    limit = Limit(per="client", rate_per_second=1, burst=2)
    limited = table(operation(limits=(("l", limit),)))
    burst = [call(0, correlation=f"b{n}") for n in range(5)]
    assert told(await replayed(limited, *burst)) == [("refused", "kestrel", "rate-limited", 2)]
    assert told(await replayed(limited, *(call(n) for n in range(50)))) == []
    others = [call(0, client=f"c{n}") for n in range(9)]
    assert told(await replayed(limited, *others)) == []


async def test_a_call_that_was_blocked_charges_no_bucket() -> None:
    limited = table(operation(limits=(("l", Limit(per="client", rate_per_second=0.001, burst=1)),)))
    blocked = [call(0, allowed=False, status=401, reason="token-revoked") for _ in range(9)]
    assert told(await replayed(limited, *blocked, call(), call())) == []


async def test_what_events_do_not_tell_is_said() -> None:
    found = await replayed(table(operation(nonce_required=True, signature_required=True)), call(), call(1))
    assert found.unseen == (("getAccount", ("nonce", "signature"), 2),)
    assert any("bodies" in what for what in found.cannot_know)


async def test_events_from_before_scopes_were_told_are_counted_and_not_guessed() -> None:
    found = await replayed(table(operation(scopes=frozenset({"more"}))), call(scopes=(), binding=""))
    assert (told(found), found.untold) == ([], 1)


@pytest.mark.parametrize("told_of", [{"client": "", "binding": ""}, {"binding": ""}])
async def test_what_was_refused_about_a_token_that_is_not_told_stays_refused(told_of: dict[str, str]) -> None:
    for reason in ("scheme-mismatch", "scope-missing", "rate-limited"):
        event = call(allowed=False, status=401, reason=reason, **told_of)
        assert told(await replayed(table(operation()), event)) == []


async def test_hostile_paths_in_events_are_refusals_and_no_failures() -> None:
    for path in ("", "x", "/..%2f", "/{", "/a/" * 100, "/\x00"):
        for name in ("", "getAccount"):
            await replayed(table(operation()), call(path=path, operation=name))
    json.dumps(msgspec.to_builtins(await replayed(table(operation()), call(path="/{"))))


async def test_payments_take_the_reserve_that_is_theirs() -> None:
    link = Link(type="payment", members=LinkMembers(amount="/a", currency="/b", payee="/c"))
    kept = (("partner", Limit(per="client", rate_per_second=0.001, burst=3, reserve=2)),)
    paying, reading = table(operation(limits=kept, link=link)), table(operation(limits=kept))
    calls = [call(n, grant="grant_1") for n in range(4)]
    assert told(await replayed(paying, *calls)) == []
    assert told(await replayed(reading, *calls)) == [("refused", "kestrel", "rate-limited", 2)]
