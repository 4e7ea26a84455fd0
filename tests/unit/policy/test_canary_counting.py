"""What clients of both sides share is counted in the same units on both."""

from typing import Any

import msgspec
import pytest

from ringfence.policy.canary_counting import counted_together
from ringfence.policy.model import Policy
from ringfence.policy.yaml_source import read_yaml

RATE = {"per": "everyone", "rate_per_second": 1, "burst": 9}
DAY = {"per": "user", "quota": {"calls": 5}}
AT_ONCE = {"per": "network", "in_flight": {"calls": 5, "lease_seconds": 60}}
TOTAL = {"name": "r", "total": {"per": ["debtor"], "at_most": {"GBP": "10.00"}}}
CALLS = {"name": "r", "calls": {"per": ["user"], "at_most": 5, "rolling_seconds": 60}}


def policy(limits: dict[str, Any] | None = None, *rules: dict[str, Any]) -> dict[str, Any]:
    version = {
        "name": "v1",
        "openapi": "a.yaml",
        "upstream": {"url": "http://u"},
        "operations": {"a": {"rules": rules}},
    }
    tls = {"certificate": "c", "key": "k"}
    return {
        "version": 1,
        "issuer": "https://bank.example",
        "listeners": {"public": {"port": 1, "tls": tls}},
        "limits": limits or {},
        "apis": [{"name": "bank", "versions": [version]}],
        "on_outage": dict.fromkeys(("fast_state", "records", "events", "upstream"), "refuse"),
    }


def mistakes(running: dict[str, Any], canary: dict[str, Any]) -> list[str]:
    text = msgspec.json.format(msgspec.json.encode(canary))
    sides = [msgspec.convert(one, Policy) for one in (running, canary)]
    found = list(counted_together(*sides, read_yaml(text, "next.yaml")))
    assert all(one.line > 1 for one in found)
    return [one.message for one in found]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (RATE, RATE | {"burst": 8}),
        (RATE, RATE | {"rate_per_second": 2}),
        (RATE, RATE | {"adaptive": {}}),
        (RATE, RATE | {"per": "user", "burst": 8}),
        (RATE, {"per": "everyone", "quota": {"calls": 5}}),
        (DAY, DAY | {"quota": {"calls": 5, "window": "month"}}),
        (DAY, DAY | {"quota": {"calls": 5, "zone": "Europe/London"}}),
        (AT_ONCE, AT_ONCE | {"in_flight": {"calls": 5, "lease_seconds": 600}}),
        ({**RATE, "per": "grant"}, RATE | {"per": "grant", "burst": 8}),
        ({**RATE, "per": "consent"}, RATE | {"per": "grant", "burst": 8}),
    ],
)
def test_a_shared_limit_keeps_its_units(before: dict[str, Any], after: dict[str, Any]) -> None:
    (found,) = mistakes(policy({"l": before}), policy({"l": after}))
    assert "the limit `l` is counted over clients of both policies" in found
    assert mistakes(policy({"l": before}), policy({"other": after})) == []
    assert mistakes(policy({"l": before}), policy({"l": before})) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (DAY, DAY | {"quota": {"calls": 500}}),
        (AT_ONCE, AT_ONCE | {"in_flight": {"calls": 1, "lease_seconds": 60}}),
        (RATE, RATE | {"reserve": 3}),
        (RATE | {"per": "client"}, RATE | {"per": "client", "burst": 1}),
        (RATE | {"per": "operation"}, {"per": "operation", "quota": {"calls": 5}}),
        (RATE, RATE | {"per": "client", "burst": 1}),
    ],
)
def test_how_much_a_limit_lets_through_may_change_and_so_may_what_is_one_clients(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert mistakes(policy({"l": before}), policy({"l": after})) == []


def changed(rule: dict[str, Any], kind: str, **more: Any) -> dict[str, Any]:
    return rule | {kind: rule[kind] | more}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TOTAL, changed(TOTAL, "total", window="month")),
        (TOTAL, changed(TOTAL, "total", zone="Europe/London")),
        (TOTAL, changed(TOTAL, "total", rolling_seconds=86_400)),
        (CALLS, changed(CALLS, "calls", at_most=500)),
        (CALLS, {"name": "r", "unattended": {"per": ["user"], "header": "x-there"}}),
    ],
)
def test_a_shared_rule_keeps_its_window(before: dict[str, Any], after: dict[str, Any]) -> None:
    (found,) = mistakes(policy(None, before), policy(None, after))
    assert "the rule `r` is counted over clients of both policies" in found
    assert mistakes(policy(None, before), policy(None, after | {"name": "other"})) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TOTAL, changed(TOTAL, "total", at_most={"GBP": "99.00"})),
        (TOTAL, TOTAL | {"mode": "shadow"}),
        (changed(TOTAL, "total", per=["client"]), changed(TOTAL, "total", per=["client"], window="month")),
        (TOTAL, {"name": "r", "currencies": ["GBP"]}),
        ({"name": "r", "currencies": ["GBP"]}, TOTAL),
    ],
)
def test_what_a_rule_lets_through_may_change(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert mistakes(policy(None, before), policy(None, after)) == []
