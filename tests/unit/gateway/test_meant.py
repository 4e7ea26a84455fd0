from decimal import Decimal
from typing import Any

import pytest
from calls import validator

from ringfence.gateway.meant import as_meant

ADDRESS = {
    "type": "object",
    "properties": {"postal_code": {"type": "string"}, "floor": {"type": "integer"}, "lift": {"type": "boolean"}},
    "additionalProperties": False,
}
SCHEMA = validator(
    {
        "type": "object",
        "properties": {
            "address": ADDRESS,
            "either": {"anyOf": [{"type": "object", "properties": {"n": {"type": "integer"}}}, {"enum": [""]}]},
            "two": {
                "oneOf": [
                    {"type": "object", "properties": {"text": {"type": "string"}, "n": {"type": "boolean"}}},
                    {"type": "object", "properties": {"text": {"type": "integer"}, "n": {"type": "integer"}}},
                ]
            },
            "amount": {"type": ["number", "null"]},
            "count": {"type": "integer", "enum": [1, 2]},
            "list": {"type": "array", "items": {"type": "integer"}},
        },
        "additionalProperties": False,
    }
)


@pytest.mark.parametrize(
    ("texts", "meant"),
    [
        ({"address": {"postal_code": "12345", "floor": "3"}}, {"address": {"postal_code": "12345", "floor": 3}}),
        ({"address": {"postal_code": "true", "lift": "true"}}, {"address": {"postal_code": "true", "lift": True}}),
        ({"either": {"n": "5"}}, {"either": {"n": 5}}),
        ({"either": ""}, {"either": ""}),
        ({"two": {"text": "1", "n": "true"}}, {"two": {"text": "1", "n": True}}),
        ({"amount": "1.10"}, {"amount": Decimal("1.10")}),
        ({"count": "2"}, {"count": 2}),
        ({"list": ["1", "2"]}, {"list": [1, 2]}),
    ],
)
def test_each_text_is_read_as_its_own_schema_means_it(texts: dict[str, Any], meant: dict[str, Any]) -> None:
    found = as_meant(texts, SCHEMA)
    assert found == meant
    assert SCHEMA.is_valid(found)


def test_only_the_callers_mistake_is_left() -> None:
    found = as_meant({"address": {"floor": "third", "lift": "true"}, "count": "7", "else": "1"}, SCHEMA)
    assert found == {"address": {"floor": "third", "lift": True}, "count": 7, "else": "1"}
    told = {tuple(error.instance_path) for error in SCHEMA.iter_errors(found)}
    assert told == {("address", "floor"), ("count",), ()}


def test_texts_that_fit_stay_the_very_same() -> None:
    texts = {"address": {"postal_code": "1"}}
    assert as_meant(texts, SCHEMA) is texts
