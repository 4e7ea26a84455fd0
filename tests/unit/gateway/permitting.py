"""Policies in Cedar for the tests of the gateway, held against its one operation as they are at start."""

from types import SimpleNamespace
from typing import Any

import cedarpy
import msgspec
from ruled import FACTS
from world import World

from ringfence.policy.cedar import Cedar
from ringfence.policy.cedar_schema import NAMES, action, cedar_schema, context
from ringfence.policy.cedar_text import words

ALL = "permit(principal, action, resource)"


def cedar(*policies: str, shadow: bool = False) -> Cedar:
    """Return policies with the names p0, p1 …, held against the schema as at start."""
    text = "\n".join(policies)
    operation: Any = SimpleNamespace(
        api="bank", version="v1", operation_id="GetA", demands=SimpleNamespace(facts=FACTS)
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
        {action(operation): tuple(context(operation, used))},
        shadow,
    )


def put(world: World, given: Cedar | None) -> None:
    world.gateway.replace(msgspec.structs.replace(world.gateway._rules, cedar=given))
