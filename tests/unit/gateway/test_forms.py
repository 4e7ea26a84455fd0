from decimal import Decimal
from typing import Any

import pytest
from calls import validator

from ringfence.gateway.forms import read_form
from ringfence.policy.operations import Body, Encoding
from ringfence.problem import Reason, Refused

KIND = "application/x-www-form-urlencoded"
SCHEMA = {
    "type": "object",
    "properties": {
        "tags": {"type": "array", "items": {"type": "string"}},
        "ids": {"type": "array", "items": {"type": "integer"}},
        "words": {"type": "array", "items": {"type": "string"}},
        "pipes": {"type": "array", "items": {"type": "number"}},
        "meta": {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False},
        "deep": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "object"}}},
        "n": {"type": "integer"},
    },
    "additionalProperties": False,
}
BODY = Body(
    KIND,
    validator(SCHEMA),
    form=True,
    property_kinds={"n": "integer"},
    encodings={
        "tags": Encoding("form", explode=True, kind="array", item_kind="string"),
        "ids": Encoding("form", explode=False, kind="array", item_kind="integer"),
        "words": Encoding("spaceDelimited", explode=False, kind="array", item_kind="string"),
        "pipes": Encoding("pipeDelimited", explode=False, kind="array", item_kind="number"),
        "meta": Encoding("form", explode=False, kind="object", item_kind="any", json=True),
    },
)


@pytest.mark.parametrize(
    ("form", "members"),
    [
        (b"tags=a&n=1&tags=b%2Cc", {"tags": ["a", "b,c"], "n": 1}),
        (b"tags[]=a&tags[]=b", {"tags": ["a", "b"]}),
        (b"ids=1,2", {"ids": [1, 2]}),
        (b"words=a+b", {"words": ["a", "b"]}),
        (b"words=a%20b", {"words": ["a", "b"]}),
        (b"pipes=1.10|2", {"pipes": [Decimal("1.10"), 2]}),
        (b"meta=%7B%22a%22%3A+1%0A%7D", {"meta": {"a": 1}}),
        (b"deep[x][0][y]=1", {"deep": {"x": [{"y": "1"}]}}),
        (b"", {}),
    ],
)
def test_members_are_read_as_their_encoding_says(form: bytes, members: dict[str, Any]) -> None:
    assert read_form(form, BODY, 8) == members


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        (b"n=1&n=2", Reason.PARAMETER_DUPLICATE),
        (b"ids=1&ids=2", Reason.PARAMETER_DUPLICATE),
        (b"tags=a&tags[]=b", Reason.PARAMETER_DUPLICATE),
        (b"ids=1%2C2", Reason.PARAMETER_INVALID),
        (b"pipes=1%7C2|3%7C4&n=%00", Reason.PARAMETER_INVALID),
        (b"meta=%7B%22a%22:1,%22a%22:2%7D", Reason.JSON_DUPLICATE_KEY),
        (b"meta=%7B", Reason.JSON_MALFORMED),
        (b"tags=e%CC%81", Reason.TEXT_NOT_NORMAL),
        (b"meta=%22e%5Cu0301%22", Reason.TEXT_NOT_NORMAL),
        (b"tags=%ED%A0%80", Reason.PARAMETER_INVALID),
        (b"tags=a;n=1", Reason.PARAMETER_INVALID),
        (b"\xff=1", Reason.BODY_INVALID),
    ],
)
def test_forms_that_could_be_read_two_ways(form: bytes, reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        read_form(form, BODY, 8)
    assert refused.value.reason is reason
