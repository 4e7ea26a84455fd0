from typing import Any

from ringfence.policy.faults import Faults
from ringfence.policy.references import References
from ringfence.policy.shapes import Shape, Shapes


def shape(schema: Any, **components: Any) -> Shape:
    document = {"root": schema, "components": {"schemas": components}}
    return Shapes(References(document, Faults())).of((("/root", schema),))


def test_members_of_every_branch_are_declared() -> None:
    of = {
        "properties": {"a": {"type": "string"}},
        "allOf": [{"properties": {"b": {"properties": {"x": {}}}}}],
        "oneOf": [{"properties": {"b": {"properties": {"y": {}}}}}, {"$ref": "#/components/schemas/C"}],
        "then": {"properties": {"d": {}}},
        "dependentSchemas": {"a": {"properties": {"e": {}}}},
    }
    found = shape(of, C={"properties": {"c": {}}})
    assert set(found.members) == {"a", "b", "c", "d", "e"}
    assert found.member("f") is False
    below = found.member("b")
    assert isinstance(below, Shape)
    assert set(below.members) == {"x", "y"}
    assert found.member("b") is below


def test_a_circle_has_one_shape() -> None:
    found = shape(
        {"$ref": "#/components/schemas/N"},
        N={
            "properties": {
                "next": {"$ref": "#/components/schemas/N"},
                "all": {"items": {"$ref": "#/components/schemas/N"}},
            }
        },
    )
    below = found.member("next")
    assert isinstance(below, Shape)
    assert below.member("next") is below
    listed = below.member("all")
    assert isinstance(listed, Shape)
    item = listed.item()
    assert isinstance(item, Shape)
    assert item.member("other") is False
    assert listed.item() is item


def test_what_declares_nothing_is_open_and_what_says_so_too() -> None:
    assert shape({"type": "object"}).member("x") is True
    assert shape({}).item() is True
    assert shape({"properties": {}, "additionalProperties": True}).member("x") is True
    assert shape({"properties": {}, "patternProperties": {"^x": {}}}).member("x") is True
    assert shape({"properties": {}}).member("x") is False
    assert shape({"additionalProperties": False}).member("x") is False
    more = shape({"additionalProperties": {"properties": {"y": {}}}}).member("x")
    assert isinstance(more, Shape)
    assert more.member("z") is False


def test_members_for_requests_only_are_hidden() -> None:
    found = shape(
        {
            "properties": {
                "pin": {"writeOnly": True},
                "key": {"$ref": "#/components/schemas/K"},
                "gone": {"$ref": "#/no"},
            }
        },
        K={"writeOnly": True, "type": "string"},
    )
    assert set(found.members) == {"gone"}


def test_tuples() -> None:
    item = shape({"prefixItems": [{"properties": {"a": {}}}], "items": {"properties": {"b": {}}}}).item()
    assert isinstance(item, Shape)
    assert set(item.members) == {"a", "b"}
