"""A canary beside the running policy, from events."""

from typing import Any

from ringfence.clock import Instant
from ringfence.events.calls import CallDecided
from ringfence.gateway.canary_compared import EVERYBODY, Comparison
from ringfence.policy.canary import Canary

CANARY = Canary(
    source="/next.yaml",
    policy="/p",
    name="new",
    running="old",
    percent=0.0,
    clients=("a",),
    salt="s",
    since=Instant(100.0),
)


def call(at: float, client: str = "a", reason: str = "", **more: Any) -> CallDecided:
    policy = {"policy": "new", "canary": True} if client == "a" and at >= 100 else {"policy": "old"}
    return CallDecided(
        Instant(at), "c", "t", allowed=not reason, status=200, reason=reason, client=client, **{**policy, **more}
    )


def compared(*events: CallDecided) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    comparison = Comparison(CANARY)
    for event in events:
        comparison.feed(event)
    return {
        (one.client, one.rule): (one.old_refused, one.old_calls, one.canary_refused, one.canary_calls)
        for one in comparison.result()
    }


def test_a_client_is_compared_with_itself_before_and_everybody_with_the_others_since() -> None:
    found = compared(
        call(1), call(2), call(3, reason="scope-missing"),
        call(101), call(102, reason="scope-missing"), call(103, reason="scope-missing"),
        call(50, "b"), call(104, "b"), call(105, "b", reason="scope-missing"),
    )  # fmt: skip
    assert found == {("a", "scope-missing"): (1, 3, 2, 3), (EVERYBODY, "scope-missing"): (1, 2, 2, 3)}


def test_a_rule_and_a_limit_are_told_by_their_names_and_a_reason_by_itself() -> None:
    found = compared(
        call(101, reason="total-exceeded", private="rule day"),
        call(102, reason="rate-limited", private="limit partner"),
        call(103, reason="token-revoked", private="something else"),
        call(104, rules=("late=outside-hours", "Cedar=policy-denied")),
    )
    assert {rule for client, rule in found if client == "a"} == {
        "rule day", "limit partner", "token-revoked", "shadow late", "shadow Cedar",
    }  # fmt: skip
    assert found["a", "shadow late"] == (0, 0, 1, 4)


def test_what_neither_of_the_two_decided_and_what_nobody_called_counts_nothing() -> None:
    assert compared(
        call(1, reason="scope-missing", policy="older"),
        call(101, reason="scope-missing", policy="another canary"),
        call(102, "", reason="token-missing"),
        call(103, "a", reason="scope-missing", policy="old", canary=False),  # a worker that had not heard of it yet
    ) == {}  # fmt: skip


def test_what_gets_worse_comes_first_after_everybody() -> None:
    events = [call(1), call(101), call(102, reason="worse"), call(2, reason="better"), call(103, "b")]
    comparison = Comparison(CANARY)
    for event in events:
        comparison.feed(event)
    assert [(one.client, one.rule) for one in comparison.result()] == [
        (EVERYBODY, "worse"),
        ("a", "worse"),
        ("a", "better"),
    ]
    assert comparison.result()[1].worse == 0.5
    assert (comparison.calls(by_canary=True), comparison.calls(by_canary=False)) == (2, 1)
