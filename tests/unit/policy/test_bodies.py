from collections.abc import Callable
from typing import Any

import pytest

Compile = Callable[..., Any]
OBJECT = {"type": "object", "properties": {"a": {"type": "integer"}}}


def with_body(compiled: Compile, content: Any, method: str = "post", **more: Any) -> Any:
    return compiled({"/p": {method: {"requestBody": {"content": content, **more}, "responses": {}}}})


def test_media_types_are_compared_without_parameters(compiled: Compile) -> None:
    schema = {"schema": OBJECT}
    result = with_body(
        compiled,
        {"application/json; charset=utf-8": schema, "Application/JSON": schema, "application/x.y+json": schema},
        required=True,
    )
    operation = result.operations[0]
    assert sorted(operation.bodies) == ["application/json", "application/x.y+json"]
    assert operation.body_required
    assert result.faults == ()


def test_forms_carry_the_kinds_of_their_members(compiled: Compile) -> None:
    body = (
        with_body(compiled, {"application/x-www-form-urlencoded": {"schema": OBJECT}})
        .operations[0]
        .bodies["application/x-www-form-urlencoded"]
    )
    assert body.form
    assert body.property_kinds == {"a": "integer"}


@pytest.mark.parametrize(
    "content", [{"application/xml": {"schema": OBJECT}}, {"application/json": {}}, {"*/*": {"schema": {}}}]
)
def test_what_cannot_be_checked_has_no_validator(compiled: Compile, content: dict[str, Any]) -> None:
    result = with_body(compiled, content)
    assert [b.validator for b in result.operations[0].bodies.values()] == [None]
    assert [f.fault for f in result.faults] == ["unchecked-body"]


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_get_takes_no_body(compiled: Compile, method: str) -> None:
    result = with_body(compiled, {"application/json": {"schema": OBJECT}}, method, required=True)
    assert (result.operations[0].bodies, result.operations[0].body_required) == ({}, False)
    assert [f.fault for f in result.faults] == ["body-on-get"]


def test_one_media_type_with_two_schemas_hides_the_operation(compiled: Compile) -> None:
    content = {"application/json": {"schema": OBJECT}, "application/json; v=2": {"schema": {"type": "string"}}}
    assert with_body(compiled, content).operations == ()
    assert with_body(compiled, []).operations == ()


def _form(compiled: Compile, schema: Any, encoding: Any) -> Any:
    content = {"application/x-www-form-urlencoded": {"schema": schema, "encoding": encoding}}
    return compiled({"/p": {"post": {"requestBody": {"content": content}, "responses": {}}}})


def test_a_form_is_read_as_its_encoding_objects_say(compiled: Compile) -> None:
    array = {"type": "array", "items": {"type": "integer"}}
    schema = {
        "type": "object",
        "properties": {
            "a": array,
            "b": array,
            "c": array,
            "d": {"type": "object"},
            "e": array,
            "n": {"type": "integer"},
        },
        "allOf": [{"properties": {"f": array}}],
    }
    encoding = {
        "b": {"style": "form", "explode": False},
        "c": {"style": "pipeDelimited"},
        "d": {"contentType": "application/json; charset=utf-8"},
        "e": {"style": "deepObject", "explode": True},
    }
    found = _form(compiled, schema, encoding).operations[0].bodies["application/x-www-form-urlencoded"].encodings
    assert {name: (one.style, one.explode, one.json) for name, one in found.items()} == {
        "a": ("form", True, False),
        "b": ("form", False, False),
        "c": ("pipeDelimited", False, False),
        "d": ("form", False, True),
        "f": ("form", True, False),
    }
    assert found["a"].item_kind == "integer"


def test_a_style_that_forms_do_not_have_hides_the_operation(compiled: Compile) -> None:
    broken = _form(compiled, {"type": "object", "properties": {"a": {"type": "string"}}}, {"a": {"style": "matrix"}})
    assert broken.operations == ()
    assert "invalid-operation" in {fault.fault for fault in broken.faults}
