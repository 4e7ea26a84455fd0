from collections.abc import Callable
from typing import Any


def test_an_example_that_a_call_could_not_be_like_is_told(compiled: Callable[..., Any]) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    media = {
        "schema": schema,
        "examples": {
            "good": {"value": {"a": 1}},
            "bad": {"$ref": "#/components/examples/Bad"},
            "gone": {"$ref": "#/x"},
        },
    }
    result = compiled(
        {"/p": {"post": {"requestBody": {"content": {"application/json": media}}, "responses": {}}}},
        components={"examples": {"Bad": {"value": {"a": "1"}}}},
    )
    assert {(f.fault, f.at) for f in result.faults} == {
        ("example-mismatch", "/components/examples/Bad/value"),
        ("dangling-reference", "/paths/~1p/post/requestBody/content/application~1json/examples/gone"),
    }
