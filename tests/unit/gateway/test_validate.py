import pytest
from calls import attested, json_body, operation, parameter, request

from ringfence.gateway.validate import validate
from ringfence.problem import Reason, Refused


def test_parameters_and_body_are_both_checked() -> None:
    op = operation(
        method="POST",
        parameters=(parameter("page", {"type": "integer"}),),
        bodies=json_body({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}),
    )
    json = (("content-type", "application/json"),)
    valid = validate(attested(op, request("POST", query="page=2", headers=json), b'{"a":"x"}'), 8)
    assert (valid.parameters, valid.payload, valid.body) == ({"query.page": 2}, {"a": "x"}, b'{"a":"x"}')
    for query, body, reason in (("page=x", b"{}", Reason.PARAMETER_INVALID), ("", b'{"b":1}', Reason.BODY_INVALID)):
        with pytest.raises(Refused) as refused:
            validate(attested(op, request("POST", query=query, headers=json), body), 8)
        assert refused.value.reason is reason
