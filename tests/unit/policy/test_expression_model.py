"""Expressions as the policy has them."""

import msgspec
import pytest

from ringfence.policy.expression_model import Expression


def test_an_expression_says_what_would_pass() -> None:
    read = msgspec.convert({"must": "hour > 1", "say": "call later"}, Expression)
    assert (read.zone, read.values) == ("UTC", {})


@pytest.mark.parametrize(
    "change",
    [{"must": "a" * 1001}, {"say": ""}, {"values": {"A": {"at": "/a", "type": "int"}}},
     {"values": {"a": {"at": "a", "type": "int"}}}, {"values": {"a": {"at": "/a", "type": "double"}}},
     {"values": {"a": {"at": "/a", "type": "int", "absent": 1.5}}}, {"otherwise": "pass"}],
)  # fmt: skip
def test_what_is_too_much_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"must": "hour > 1", "say": "later"} | change, Expression)
