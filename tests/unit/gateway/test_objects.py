from typing import Any

import msgspec
import pytest
from calls import limited, operation, request, token

from ringfence.gateway.objects import require_granted_objects
from ringfence.gateway.stages import Valid
from ringfence.policy.linking_model import ObjectRule
from ringfence.problem import Reason, Refused

PATH = ObjectRule(parameter="path.id", type="accounts", granted="/accounts")
DETAILS = ({"type": "accounts", "accounts": ["a", "b"]}, {"type": "other", "accounts": ["x"]})


def valid(rule: ObjectRule, parameters: dict[str, Any], payload: Any = None, details: Any = DETAILS) -> Valid:
    found = limited(operation(demands={"objects": (rule,)}), request())
    identified = msgspec.structs.replace(found.authorized.identified, token=token(authorization_details=details))
    authorized = msgspec.structs.replace(found.authorized, identified=identified)
    return Valid(msgspec.structs.replace(found, authorized=authorized), b"", payload, parameters)


def reason(*args: Any, **more: Any) -> Reason:
    with pytest.raises(Refused) as refused:
        require_granted_objects(valid(*args, **more))
    return refused.value.reason


def test_what_the_consent_names_passes() -> None:
    for one in ("a", "b", ["a", "b"]):
        require_granted_objects(valid(PATH, {"path.id": one}))


@pytest.mark.parametrize("asked", ["x", "A", "a ", "", None, [], ["a", "x"], ["a", None], True, {"a": "a"}, 1])
def test_everything_else_is_refused(asked: Any) -> None:
    assert reason(PATH, {"path.id": asked}) is Reason.OBJECT_NOT_GRANTED


def test_what_the_call_leaves_out_is_refused() -> None:
    assert reason(PATH, {}) is Reason.OBJECT_NOT_GRANTED


def test_a_token_without_such_a_consent_covers_nothing() -> None:
    assert reason(PATH, {"path.id": "a"}, details=()) is Reason.OBJECT_NOT_GRANTED


def test_a_rule_may_hide_that_there_is_anything() -> None:
    hidden = msgspec.structs.replace(PATH, otherwise="hidden")
    assert reason(hidden, {"path.id": "x"}) is Reason.NOT_FOUND


def test_members_of_lists_in_consent_and_body() -> None:
    rule = ObjectRule(body="/from/*/iban", type="accounts", granted="/accounts/*/iban")
    details = ({"type": "accounts", "accounts": [{"iban": "1"}, {"iban": "2"}, {"name": "n"}]},)
    require_granted_objects(valid(rule, {}, {"from": [{"iban": "1"}, {"iban": "2"}]}, details))
    bad = {"from": [{"iban": "1"}, {"iban": "3"}]}
    assert reason(rule, {}, bad, details) is Reason.OBJECT_NOT_GRANTED
    assert reason(rule, {}, {"from": []}, details) is Reason.OBJECT_NOT_GRANTED


def test_whole_numbers_are_compared_as_they_are_written() -> None:
    rule = ObjectRule(parameter="query.n", type="accounts", granted="/accounts")
    require_granted_objects(valid(rule, {"query.n": 7}, details=({"type": "accounts", "accounts": ["7"]},)))
