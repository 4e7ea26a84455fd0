import json

import pytest

from ringfence.oauth.checks.authorization_details import (
    NAME,
    encoded,
    narrow_details,
    read_details,
    refuse_details,
    require_details,
)
from ringfence.policy.details import compile_type
from ringfence.problem import Reason, Refused

SCHEMA = {
    "properties": {
        "x": {"type": ["integer", "string", "boolean"]},
        "actions": {"type": "array", "items": {"type": "string"}},
    }
}
TYPES = {"a": compile_type("a", SCHEMA, "Do {x}")}


def form(*details) -> dict[str, str]:
    return {NAME: json.dumps(details)}


def refused(call, *args) -> str:
    with pytest.raises(Refused) as caught:
        call(*args)
    assert caught.value.reason is Reason.DETAILS_INVALID
    return caught.value.detail


def test_none_are_none():
    assert require_details({}, TYPES, ("a",)) == ()
    assert encoded(()) == ""
    refuse_details({})
    assert "consent" in refused(refuse_details, form({"type": "a"}))


def test_known_and_registered():
    assert require_details(form({"type": "a", "x": "1"}), TYPES, ("a",)) == ({"type": "a", "x": "1"},)
    assert "registered" in refused(require_details, form({"type": "a"}), TYPES, ())
    assert "registered" in refused(require_details, form({"type": "b"}), TYPES, ("b",))
    assert refused(require_details, form({"type": "a"}, {"type": "a", "y": 1}), TYPES, ("a",)).startswith("/1")


def test_a_refusal_does_not_repeat_the_callers_values():
    assert "secret" not in refused(require_details, form({"type": "a", "y": "secret"}), TYPES, ("a",))


@pytest.mark.parametrize("number", ["1.5", "1e2", "9007199254740992", "-9007199254740992", "NaN"])
def test_numbers_that_could_be_read_two_ways(number):
    refused(read_details, {NAME: f'[{{"type":"a","x":{number}}}]'})
    refused(read_details, {NAME: f'[{{"type":"a","x":[{{"y":{number}}}]}}]'})


def test_equal_details_are_one_text():
    assert encoded(({"type": "a", "x": "1"},)) == encoded(({"x": "1", "type": "a"},))


def test_narrowing():
    granted = ({"type": "a", "x": 1, "actions": ["r", "w"]}, {"type": "a", "x": 2})
    assert narrow_details({}, granted) == granted
    for less in (
        [{"type": "a", "x": 2}],
        [{"x": 1, "actions": ["w"], "type": "a"}],
        [{"type": "a", "x": 2}, {"type": "a", "x": 1, "actions": ["r"]}],
    ):
        assert narrow_details(form(*less), granted) == tuple(less)
    for more in (
        [{"type": "a", "x": 3}],
        [{"type": "a", "x": True, "actions": ["r"]}],  # True is not 1
        [{"type": "a", "x": 1}],
        [{"type": "a", "x": 1, "actions": []}],
        [{"type": "a", "x": 1, "actions": ["r", "d"]}],
        [{"type": "a", "x": 2}, {"type": "a", "x": 2}],
    ):
        assert "not granted" in refused(narrow_details, form(*more), granted)
    refused(narrow_details, form({"type": "a"}), ())
