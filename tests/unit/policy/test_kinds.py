import pytest

from ringfence.policy.faults import Faults
from ringfence.policy.kinds import item_kind_of, kind_of, property_kinds_of
from ringfence.policy.references import References

REFERENCES = References({"S": {"type": "string"}, "Loop": {"allOf": [{"$ref": "#/Loop"}]}}, Faults())


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "integer"}, "integer"),
        ({"type": ["null", "boolean"]}, "boolean"),
        ({"type": ["string", "integer"]}, "any"),
        ({"$ref": "#/S"}, "string"),
        ({"allOf": [{"$ref": "#/S"}, {"maxLength": 3}]}, "string"),
        ({"oneOf": [{"type": "string"}, {"type": "string"}]}, "string"),
        ({"anyOf": [{"type": "string"}, {"type": "object"}]}, "any"),
        ({"$ref": "#/Loop"}, "any"),
        ({}, "any"),
        (True, "any"),
    ],
)
def test_kind(schema: object, kind: str) -> None:
    assert kind_of(schema, "", REFERENCES) == kind


def test_items_and_members() -> None:
    assert item_kind_of({"type": "array", "items": {"$ref": "#/S"}}, "", REFERENCES) == "string"
    assert item_kind_of({"type": "array"}, "", REFERENCES) == "any"
    parts = {
        "anyOf": [
            {"properties": {"gt": {"type": "integer"}}},
            {"properties": {"gt": {"type": "string"}, "lt": {"type": "integer"}}},
        ]
    }
    assert property_kinds_of(parts, "", REFERENCES) == {"gt": "any", "lt": "integer"}
