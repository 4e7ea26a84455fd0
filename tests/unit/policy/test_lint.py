from collections.abc import Callable
from typing import Any

import pytest

from ringfence.policy.document import parse_document
from ringfence.policy.model import ApiVersion, Upstream
from ringfence.policy.openapi import compile_document

Compile = Callable[..., Any]


def test_integer_statuses_are_told_and_read() -> None:
    raw = b"openapi: 3.0.3\nsecurity: [{o: []}]\npaths: {/a: {get: {responses: {200: {description: ok}}}}}"
    version = ApiVersion(name="v", openapi="x", upstream=Upstream(url="http://u"))
    result = compile_document(parse_document(raw, "f"), "a", version, {})
    assert [(f.fault, f.at) for f in result.faults] == [("integer-response-key", "/paths/~1a/get/responses/200")]
    assert result.operations[0].statuses == {"200"}


@pytest.mark.parametrize("security", [[], [{}], [{"o": []}, {}]])
def test_an_operation_that_anybody_may_call_is_told(compiled: Compile, security: list[Any]) -> None:
    result = compiled({"/a": {"get": {"security": security, "responses": {}}}})
    assert [f.fault for f in result.faults] == ["no-security"]


def test_components_that_nothing_uses_are_read_too(compiled: Compile) -> None:
    result = compiled(
        {},
        components={
            "schemas": {"A": {"type": "string", "enum": ["x", "x"]}, "B": {"type": "integer", "default": "1"}},
            "responses": {"R": {"headers": {"H": {"schema": {"type": "nonsense"}}}}},
            "headers": {"I": {"schema": {"$ref": "#/gone"}}},
        },
    )
    assert {f.fault for f in result.faults} == {
        "duplicate-enum-member",
        "bad-default",
        "invalid-schema",
        "dangling-reference",
    }


def test_free_form_objects_are_the_requests_affair(compiled: Compile) -> None:
    ok = {"200": {"description": "", "content": {"application/json": {"schema": {"type": "object"}}}}}
    assert compiled({"/a": {"get": {"responses": ok}}}).faults == ()


def test_responses_of_the_wrong_form_are_told(compiled: Compile) -> None:
    result = compiled({"/a": {"get": {"responses": [1]}}})
    assert [f.fault for f in result.faults] == ["invalid-operation"]
