from collections.abc import Callable
from typing import Any

import pytest

Compile = Callable[..., Any]


def query(**more: Any) -> dict[str, Any]:
    return {"name": "q", "in": "query", "schema": {"type": "string"}} | more


def compile_with(compiled: Compile, own: Any, shared: Any = (), **more: Any) -> Any:
    return compiled({"/p": {"parameters": list(shared), "get": {"parameters": own, "responses": {}}}}, **more)


def test_styles_and_kinds_are_resolved(compiled: Compile) -> None:
    own = [
        query(),
        query(name="ids", schema={"type": "array", "items": {"type": "integer"}}, explode=False),
        query(
            name="filter",
            style="deepObject",
            explode=True,
            schema={"properties": {"gt": {"type": "integer"}}, "type": "object"},
        ),
        {"name": "X-Id", "in": "header", "required": True, "schema": {"type": "string", "maxLength": 3}},
        {
            "name": "j",
            "in": "query",
            "content": {"application/json": {"schema": {"type": "object", "properties": {"a": {}}}}},
        },
        {"name": "Authorization", "in": "header", "schema": {"type": "string"}},
    ]
    q, ids, where, header, json_one = compile_with(compiled, own).operations[0].parameters
    assert (q.style, q.explode, q.kind, q.required) == ("form", True, "string", False)
    assert (ids.kind, ids.item_kind, ids.explode) == ("array", "integer", False)
    assert (where.style, where.property_kinds) == ("deepObject", {"gt": "integer"})
    assert not where.validator.is_valid({"gt": 1, "other": 2})
    assert (header.style, header.explode, header.required) == ("simple", False, True)
    assert not header.validator.is_valid("long")
    assert json_one.json_content


def test_an_operation_overrides_its_path(compiled: Compile) -> None:
    shared = [query(), {"name": "X", "in": "header", "schema": {"type": "string"}}]
    own = [query(schema={"type": "integer"}), {"name": "x", "in": "header", "schema": {"type": "boolean"}}]
    assert [p.kind for p in compile_with(compiled, own, shared).operations[0].parameters] == ["integer", "boolean"]


def test_shared_parameters_are_compiled_once(compiled: Compile) -> None:
    one = {"$ref": "#/components/parameters/Q"}
    result = compiled(
        {f"/p{i}": {"get": {"parameters": [one], "responses": {}}} for i in range(3)},
        components={"parameters": {"Q": query()}},
    )
    assert len({id(o.parameters[0]) for o in result.operations}) == 1


def test_a_list_in_deep_object_style_is_read_with_brackets(compiled: Compile) -> None:
    result = compile_with(
        compiled, [query(name="expand", style="deepObject", schema={"type": "array", "items": {"type": "string"}})]
    )
    (parameter,) = result.operations[0].parameters
    assert (parameter.name, parameter.style, parameter.explode) == ("expand[]", "form", True)
    assert [f.fault for f in result.faults] == ["undefined-style"]


@pytest.mark.parametrize(
    ("own", "fault"),
    [
        ([query(), query()], "duplicate-parameter"),
        ([query(style="simple")], "unsupported-parameter"),
        ([query(**{"in": "body"})], "invalid-operation"),
        ([query(schema={"type": "x"})], "invalid-schema"),
        ([{"name": "q", "in": "query"}], "unsupported-parameter"),
        ([{"name": "q", "in": "query", "content": {"text/csv": {}}}], "unsupported-parameter"),
        ([{"$ref": "#/components/parameters/Gone"}], "dangling-reference"),
        ([{"$ref": "http://x/"}], "remote-reference"),
        ("q", "invalid-operation"),
        (["q"], "invalid-operation"),
    ],
)
def test_what_cannot_be_checked_hides_the_operation(compiled: Compile, own: Any, fault: str) -> None:
    result = compile_with(compiled, own)
    assert result.operations == ()
    assert result.hidden == (("GET", "/p"),)
    assert fault in [f.fault for f in result.faults]
