"""What Envoy's way of asking cannot keep is a mistake of the policy."""

from pathlib import Path

import msgspec
import pytest

from ringfence.policy.ext_authz import ext_authz_mistakes
from ringfence.policy.limits_model import Limit
from ringfence.policy.linking_model import Link
from ringfence.policy.load import PolicyMistakes, load
from ringfence.policy.payload_model import PayloadEncryption
from ringfence.policy.rules_model import Rule
from tests.installed_api import OPENAPI, POLICY, install

PASSING = "responses: {undeclared_status: pass, undeclared_member: pass, wrong_type: pass}"
LINK = msgspec.convert(
    {"type": "payment", "members": {"amount": "/amount", "currency": "/currency", "payee": "/payee"}}, Link
)
SEALED = PayloadEncryption(profile="jwe", request="required")
IN_FLIGHT = msgspec.convert({"per": "client", "in_flight": {"calls": 5}}, Limit)
NEW_PAYEE = msgspec.convert({"name": "new", "payee": {"max_age_seconds": 300}}, Rule)
ON = POLICY.replace("on_outage:", "gateway: {ext_authz: on}\non_outage:").replace(
    "        defaults:", f"        {PASSING}\n        defaults:"
)


def told(directory: Path, policy: str) -> str:
    file = install(directory)
    file.write_text(policy)
    try:
        load(file)
    except PolicyMistakes as found:
        return str(found)
    return ""


def test_a_policy_that_demands_nothing_of_answers_is_taken(tmp_path: Path) -> None:
    assert told(tmp_path, ON) == ""


@pytest.mark.parametrize(
    ("was", "becomes", "names"),
    [
        (PASSING, "responses: {undeclared_status: pass, undeclared_member: strip, wrong_type: pass}", "`responses`"),
        (PASSING, "unknown_query: refuse", "`responses`"),
        ("{scopes: [things]}", "{scopes: [things], response_signature: required}", "signed answer"),
        ("{scopes: [things]}", "{scopes: [things], idempotency: {header: idempotency-key}}", "`idempotency`"),
        ("on_outage:", "audit: {receipts: on}\non_outage:", "`audit.receipts: on`"),
    ],
)
def test_what_needs_the_answer_is_refused(tmp_path: Path, was: str, becomes: str, names: str) -> None:
    assert was in ON
    found = told(tmp_path, ON.replace(was, becomes))
    assert names in found
    assert "ext_authz" in found
    elsewhere = tmp_path / "off"
    elsewhere.mkdir()
    assert told(elsewhere, ON.replace(was, becomes).replace("ext_authz: on", "ext_authz: off")) == ""


def test_each_demand_is_told_once_not_for_every_operation(tmp_path: Path) -> None:
    assert OPENAPI.count("operationId") == 2
    assert told(tmp_path, ON.replace(PASSING, "unknown_query: refuse")).count("`responses`") == 1


@pytest.mark.parametrize(
    ("demand", "names"),
    [
        ({"link": LINK}, "`link`"),
        ({"answer_sealed": "jwe"}, "`payload_encryption.answer`"),
        ({"payload": SEALED}, "`payload_encryption`"),
        ({"payload_upstream": True}, "`upstream_body: payload`"),
        ({"limits": (("busy", IN_FLIGHT),)}, "`in_flight`"),
        ({"rules": (NEW_PAYEE,)}, "new payees"),
    ],
)
def test_what_the_api_would_have_to_be_sent_or_asked_is_refused(
    tmp_path: Path, demand: dict[str, object], names: str
) -> None:
    file = install(tmp_path)
    file.write_text(ON)
    loaded = load(file)
    operation = loaded.table.operations[0]
    asked = msgspec.structs.replace(operation, demands=msgspec.structs.replace(operation.demands, **demand))
    ((_, message, _),) = ext_authz_mistakes(loaded.policy, [asked])
    assert names in message


def test_a_protected_field_is_refused(tmp_path: Path) -> None:
    file = install(tmp_path)
    file.write_text(ON)
    loaded = load(file)
    field = object()  # what it says does not matter
    asked = msgspec.structs.replace(loaded.table.operations[0], protected=(field,))  # type: ignore[arg-type]
    ((_, message, _),) = ext_authz_mistakes(loaded.policy, [asked])
    assert "protected field" in message
    asked = msgspec.structs.replace(loaded.table.operations[0], minimised=field)  # type: ignore[arg-type]
    ((_, message, _),) = ext_authz_mistakes(loaded.policy, [asked])
    assert "`minimise`" in message
