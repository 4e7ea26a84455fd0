"""What a policy says apart from its operations."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ringfence.policy.load import load
from ringfence.policy.model import Policy
from ringfence.policy.settings_diff import ROWS, compare_settings

TYPE = {"schema": {"properties": {"amount": {"type": "string"}}}, "sentence": "Pay {amount}"}
LINKING = {"amount": "/a", "currency": "/c", "payee": "/p"}


@pytest.fixture
def told(installation: Callable[..., Path]) -> Callable[..., list[tuple[str, str]]]:
    data = msgspec.to_builtins(load(installation()).policy)

    def with_change(path: str, value: Any) -> Policy:
        copy = msgspec.json.decode(msgspec.json.encode(data))
        *above, last = path.split("/")
        at = copy
        for part in above:
            at = at[part]
        at[last] = value
        return msgspec.convert(copy, Policy)

    def run(path: str, old: Any, new: Any) -> list[tuple[str, str]]:
        return [(d.direction, d.place) for d in compare_settings(with_change(path, old), with_change(path, new))]

    return run


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("oauth/authorization_details", {}, {"t": TYPE}, [("looser", "oauth.authorization_details.t")]),
        ("oauth/authorization_details", {"t": TYPE}, {}, [("stricter", "oauth.authorization_details.t")]),
        (
            "oauth/authorization_details",
            {"t": TYPE},
            {"t": TYPE | {"linking": LINKING}},
            [("stricter", "oauth.authorization_details.t.linking")],
        ),
        (
            "oauth/authorization_details",
            {"t": TYPE},
            {"t": TYPE | {"schema": {}}},
            [("unclear", "oauth.authorization_details.t.schema")],
        ),
        ("watch/modes", {}, {"r": "off"}, [("looser", "watch.modes.r")]),
        ("watch/modes", {"r": "enforce"}, {}, [("looser", "watch.modes.r")]),
        ("watch/modes", {}, {"r": "alert"}, [("unclear", "watch.modes.r")]),
        ("watch/modes", {"r": "alert"}, {"r": "shadow"}, [("looser", "watch.modes.r")]),
        ("gateway/core_rules", "/x", "", [("looser", "gateway.core_rules")]),
        ("gateway/core_rules", "/x", "/y", [("unclear", "gateway.core_rules")]),
        ("oauth/passwords/leaked", "", "l.txt", [("stricter", "oauth.passwords.leaked")]),
        ("oauth/login_application", None, {"url": "https://a.example"}, [("unclear", "oauth.login_application")]),
        ("oauth/registration", None, {"require": ["invitation"]}, [("looser", "oauth.registration")]),
        (
            "oauth/registration",
            {"require": ["invitation"]},
            {"require": ["invitation", "statement"]},
            [("stricter", "oauth.registration.require")],
        ),
        ("oauth/clients/profiles", ["fapi2"], ["fapi2", "oauth2.1"], [("looser", "oauth.clients.profiles")]),
        (
            "oauth/may_act",
            [],
            [{"actor": "a", "tokens_of": ["b"]}],
            [("looser", "oauth.may_act")],
        ),
    ],
)  # fmt: skip
def test_directions(told, path: str, old: Any, new: Any, expected: list[tuple[str, str]]) -> None:
    assert told(path, old, new) == expected


def test_a_listener_for_certificates_opens_a_door(told) -> None:
    tls = {"certificate": "c.pem", "key": "k.pem"}
    assert told("listeners/mtls", None, {"port": 8444, "tls": tls}) == [("looser", "listeners.mtls")]


def test_no_two_rows_name_the_same_setting() -> None:
    assert len({pattern for pattern, _ in ROWS}) == len(ROWS)
