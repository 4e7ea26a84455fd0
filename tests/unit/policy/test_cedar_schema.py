"""The schema is one that Cedar takes, whatever operations are called, and has what they declare."""

import json
from types import SimpleNamespace
from typing import Any

import cedarpy
import pytest

from ringfence.policy.cedar_schema import FACTS, NAMES, PERHAPS, TOLD, action, cedar_schema, context
from ringfence.policy.rules_model import Facts


def operation(name: str = "Pay", **facts: str) -> Any:
    return SimpleNamespace(api="bank", version="v1", operation_id=name, demands=SimpleNamespace(facts=Facts(**facts)))


ALL = {name: f"/{name}" for name in Facts.__struct_fields__}


def valid(policy: str, *operations: Any) -> bool:
    schema = cedarpy.Schema.from_json_str(cedar_schema(operations, NAMES))
    return bool(cedarpy.validate_policies(policy, schema))


@pytest.mark.parametrize("name", ["Pay", 'GET /a/{"b"}', "a\\b", "é::\n", "bank", "__cedar"])
def test_any_name_of_an_operation_is_an_action_of_its_version_and_of_its_api(name: str) -> None:
    made = operation(name)
    quoted = json.dumps(action(made), ensure_ascii=False)
    for scope in (f"action == Action::{quoted}", 'action in Action::"bank/v1"', 'action in Action::"bank"'):
        if "\\n" not in scope:
            assert valid(f"permit(principal, {scope}, resource);", made, operation("Other"))
    schema = cedarpy.Schema.from_json_str(cedar_schema([made], ()))
    asked = {
        "principal": {"type": "Client", "id": "c"},
        "action": {"type": "Action", "id": action(made)},
        "resource": {"type": "Api", "id": "bank/v1"},
        "context": {},
    }
    group = 'permit(principal, action in Action::"bank", resource);'
    assert cedarpy.is_authorized(asked, group, cedarpy.Entities.from_json_str("[]", schema), schema).allowed


def test_facts_are_there_where_they_are_declared() -> None:
    assert set(context(operation(**ALL), NAMES)) == NAMES
    assert set(context(operation(), NAMES)) == {*TOLD, *PERHAPS} - {"debtor_country", "creditor_country"}
    assert "amount_minor" not in context(operation(amount="/a"), NAMES)
    assert {"amount_minor", "currency"} <= set(context(operation(amount="/a", currency="/c"), NAMES))
    assert set(context(operation(**ALL), {"currency", "acr"})) == {"currency", "acr"}


@pytest.mark.parametrize("name", sorted(PERHAPS))
def test_what_only_some_calls_tell_has_to_be_asked_for(name: str) -> None:
    policy = "permit(principal, action, resource) when { %scontext.%s == context.%s };"
    assert not valid(policy % ("", name, name), operation(**ALL))
    assert valid(policy % (f"context has {name} && ", name, name), operation(**ALL))


@pytest.mark.parametrize("name", sorted({*TOLD, *FACTS}))
def test_what_every_call_tells_need_not(name: str) -> None:
    assert valid(f"permit(principal, action, resource) when {{ context.{name} == context.{name} }};", operation(**ALL))
