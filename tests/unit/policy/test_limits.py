"""Limits that cannot be kept, and calls that could never pass, are told at start."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ringfence.policy.load import PolicyMistakes, load

CLIENT = "client: {per: client, rate_per_second: 1, burst: 2}"


def mistakes(installation: Callable[..., Path], limit: str = CLIENT, defaults: str = "limits: [client]") -> str:
    path = installation((CLIENT, limit), ("limits: [client]", defaults))
    try:
        load(path)
    except PolicyMistakes as found:
        return str(found)
    return ""


def test_what_is_right(installation: Callable[..., Path]) -> None:
    assert mistakes(installation, defaults="limits: [client], cost: 3") == ""
    assert mistakes(installation, "client: {per: client, quota: {calls: 9, window: month, zone: Asia/Tokyo}}") == ""
    earning = "{per: client, rate_per_second: 1, burst: 2, adaptive: {trust: {up_to: 3, after_calls: 9}}}"
    both = f"{CLIENT}\n  earned: {earning}"
    assert mistakes(installation, both, "limits: [client, earned]") == ""
    assert mistakes(installation, "client: {per: client, in_flight: {calls: 2}}", "limits: [client], cost: 3") == ""


@pytest.mark.parametrize(
    ("limit", "defaults", "wrong"),
    [
        (CLIENT, "limits: [client], cost: 4", "a call costs 4, and the limit `client` holds 3"),
        (CLIENT, "limits: [client], cost: 0", "cost"),
        (CLIENT, "limits: [client], cost: 1000001", "cost"),
        ("client: {per: client, rate_per_second: 0.0001, burst: 4000}", "limits: [client]", "after more than 400 days"),
        ("client: {per: client, rate_per_second: 1.0e-9, burst: 1}", "limits: [client]", "400 days"),
        ("client: {per: client, rate_per_second: 1.0e+12, burst: 1}", "limits: [client]", "rate_per_second"),
        ("client: {per: client, rate_per_second: 1}", "limits: [client]", "`burst` is missing in `client`"),
        ("client: {per: client, burst: 1}", "limits: [client]", "`rate_per_second` is missing in `client`"),
        ("client: {per: client}", "limits: [client]", "none or several of a rate, a quota and calls in flight"),
        (
            "client: {per: client, rate_per_second: 1, burst: 1, quota: {calls: 1}}",
            "limits: [client]",
            "none or several of a rate, a quota and calls in flight",
        ),
        ("client: {per: client, quota: {calls: 2}}", "limits: [client], cost: 3", "the limit `client` holds 2"),
        ("client: {per: client, quota: {calls: 2, zone: Mars}}", "limits: [client]", "the time zone `Mars`"),
        (
            "client: {per: client, in_flight: {calls: 2, lease_seconds: 20}}",
            "limits: [client]",
            "a call may take longer than the limit `client` counts it: 47.5 s",
        ),
        (
            "client: {per: client, rate_per_second: 1, burst: 2, reserve: 3}",
            "limits: [client]",
            "the limit `client` keeps all of it for payments",
        ),
        (
            "client: {per: client, rate_per_second: 1, burst: 2, reserve: 1}",
            "limits: [client], cost: 3",
            "a call costs 3, and the limit `client` holds 2",
        ),
        (
            "client: {per: client, quota: {calls: 5}, adaptive: {}}",
            "limits: [client]",
            "the limit `client` is no rate, and nothing else adapts",
        ),
        (
            "client: {per: client, rate_per_second: 1, burst: 2, adaptive: {trust: {up_to: 3, after_calls: 9}}}",
            "limits: [client]",
            "nothing caps what a client may earn in the limit `client`",
        ),
        ("client: {per: planet, rate_per_second: 1, burst: 1}", "limits: [client]", "planet"),
    ],
)
def test_what_is_wrong(installation: Callable[..., Path], limit: str, defaults: str, wrong: str) -> None:
    assert wrong in mistakes(installation, limit, defaults)
