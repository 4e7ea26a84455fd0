"""Whom a canary governs, and what it may change."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ringfence.policy.canary import Share, held_in_common, sealed_first
from ringfence.policy.load import load
from ringfence.policy.model import Policy
from ringfence.policy.operations import Match, Operation
from ringfence.policy.payload_model import PayloadEncryption
from ringfence.policy.yaml_source import read_yaml

CLIENTS = [f"client_{n}" for n in range(20_000)]


def governed(share: Share) -> set[str]:
    return {client for client in CLIENTS if share.takes(client)}


def test_a_share_is_a_share_of_the_clients() -> None:
    assert len(governed(Share(5.0, salt="s"))) == pytest.approx(1000, abs=150)
    assert governed(Share(0.0, salt="s")) == set()
    assert governed(Share(100.0, salt="s")) == set(CLIENTS)


def test_a_share_that_grows_takes_nobody_back_and_another_salt_takes_others() -> None:
    small, large = governed(Share(5.0, salt="s")), governed(Share(20.0, salt="s"))
    assert small < large
    other = governed(Share(5.0, salt="t"))
    assert len(small & other) < len(small) / 4


def test_clients_by_name_come_on_top_and_a_call_without_one_is_never_taken() -> None:
    assert governed(Share(0.0, frozenset({"client_7"}), "s")) == {"client_7"}
    assert not Share(100.0, frozenset({""}), "s").takes("")
    assert Share(100.0, salt="s").takes("\ud800")


Change = Callable[..., list[tuple[int, str, str]]]


@pytest.fixture
def mistakes(installation: Callable[..., Path]) -> Change:
    """Change one member of a policy and return what cannot be tried about it, by the line of its file."""
    data = msgspec.to_builtins(load(installation()).policy)

    def run(path: str, value: Any) -> list[tuple[int, str, str]]:
        copy = msgspec.json.decode(msgspec.json.encode(data))
        *above, last = [int(part) if part.isdigit() else part for part in path.split("/")]
        at = copy
        for part in above:
            at = at[part]
        at[last] = value
        text = msgspec.json.format(msgspec.json.encode(copy))
        policies = [msgspec.convert(one, Policy) for one in (data, copy)]
        return [(m.line, m.message, m.instead) for m in held_in_common(*policies, read_yaml(text, "next.yaml"))]

    return run


VERSION = "apis/0/versions/0"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("limits", {"partner": {"per": "client", "rate_per_second": 1, "burst": 1}}),
        ("authorization", {"cedar": "policies"}),
        ("gateway/max_json_depth", 4),
        ("gateway/core_rules", "/usr/share/modsecurity-crs/rules"),
        ("gateway/tell_limits", "off"),
        (f"{VERSION}/defaults", {"scopes": ["accounts"], "max_body_bytes": 1}),
        (f"{VERSION}/operations", {}),
        (f"{VERSION}/screening", {"mode": "shadow"}),
        (f"{VERSION}/responses", {"undeclared_member": "refuse"}),
        (f"{VERSION}/unknown_query", "pass"),
        (f"{VERSION}/openapi", "other.yaml"),
        (f"{VERSION}/base_path", "/other"),
        (f"{VERSION}/waivers", []),
        (f"{VERSION}/name", "v9"),
    ],
)
def test_what_is_asked_call_by_call_can_be_tried(mistakes: Change, path: str, value: Any) -> None:
    assert mistakes(path, value) == []


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("issuer", "https://other.example", "issuer"),
        ("hosts", ["other.example"], "hosts"),
        ("state", "elsewhere", "state"),
        ("keys", "elsewhere", "keys"),
        ("geo", "other.mmdb", "geo"),
        ("listeners/public/port", 9999, "listeners.public.port"),
        ("listeners/public/tls/minimum", "1.2", "listeners.public.tls.minimum"),
        ("gateway/workers", 7, "gateway.workers"),
        ("gateway/proof_window_seconds", 11.0, "gateway.proof_window_seconds"),
        ("oauth/scopes", {}, "oauth.scopes"),
        ("oauth/signing_algorithm", "PS256", "oauth.signing_algorithm"),
        ("signer/provider", "vault", "signer.provider"),
        ("watch/modes", {"r": "off"}, "watch.modes.r"),
        ("audit/receipts", "on", "audit.receipts"),
        ("on_outage/events", "spill", "on_outage.events"),
        ("metrics", {"port": 9464}, "metrics"),
        ("export/redact", ["personal"], "export.redact"),
        (f"{VERSION}/upstream/url", "http://127.0.0.1:8", "upstream.url"),
        (f"{VERSION}/upstream/timeout_seconds", 1.0, "upstream.timeout_seconds"),
    ],
)
def test_what_holds_for_every_client_alike_cannot(mistakes: Change, path: str, value: Any, named: str) -> None:
    found = mistakes(path, value)
    assert found
    assert all(f"`{named}" in message for _, message, _ in found)
    assert all("editing the policy file in force" in instead for _, _, instead in found)
    assert all(line > 1 for line, _, _ in found)


def test_a_setting_that_a_canary_leaves_out_is_told_too(mistakes: Change) -> None:
    assert mistakes("gateway/workers", 9)[0][2].startswith("write `2`, as it runs")
    (found,) = mistakes("metrics", {"port": 9464})
    assert found[2].startswith("leave it out")


class Table:
    hidden = ()

    def __init__(self, *operations: Operation) -> None:
        self.operations = operations

    def match(self, method: str, path: str) -> Match:
        raise NotImplementedError


def test_a_canary_is_not_the_first_to_take_sealed_bodies(installation: Callable[..., Path]) -> None:
    plain = load(installation()).table.operations[0]
    sealed = msgspec.structs.replace(
        plain,
        demands=msgspec.structs.replace(plain.demands, payload=PayloadEncryption(profile="jwe", request="required")),
    )
    source = read_yaml(b"version: 1\napis: []\n", "next.yaml")
    (found,) = sealed_first(Table(plain), Table(plain, sealed), source)
    assert (found.line, "payload_encryption" in found.instead) == (2, True)
    for running, canary in (
        (Table(sealed), Table(sealed)),
        (Table(sealed), Table(plain)),
        (Table(plain), Table(plain)),
    ):
        assert list(sealed_first(running, canary, source)) == []
