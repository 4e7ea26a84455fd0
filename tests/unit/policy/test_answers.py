from typing import Any

from ringfence.policy.responses_model import Responses

OBJECT = {
    "type": "object",
    "required": ["a", "pin"],
    "properties": {"a": {"type": "string"}, "pin": {"writeOnly": True}},
}


def responses(compiled: Any, declared: dict[Any, Any], rules: Responses | None = None, **components: Any) -> Any:
    policy = {} if rules is None else {"responses": rules}
    paths = {"/p": {"get": {"operationId": "p", "responses": declared}}}
    return compiled(paths, policy=policy, components=components).operations[0].responses


def test_each_status_and_media_type_has_its_schema(compiled: Any) -> None:
    shared = {"description": "x", "content": {"Application/JSON; charset=utf-8": {"schema": OBJECT}, "text/plain": {}}}
    found = responses(
        compiled,
        {"200": {"$ref": "#/components/responses/R"}, "4xx": {"description": "n"}, "default": shared},
        responses={"R": shared},
    )
    assert set(found) == {"200", "4XX", "default"}
    json = found["200"].contents["application/json"]
    assert json.validator.is_valid({"a": "x"})
    assert json.validator.is_valid({"a": "x", "undeclared": 1})
    assert not json.validator.is_valid({})
    assert [list(e.instance_path) for e in json.validator.iter_errors({"a": 1})] == [["a"]]
    assert json.shape.member("pin") is False
    assert found["200"].contents["text/plain"].validator is None
    assert found["4XX"].contents == {}


def test_broken_responses_are_not_held_against(compiled: Any) -> None:
    found = responses(
        compiled,
        {
            "200": {"$ref": "#/nowhere"},
            "201": {"description": "x", "content": {"application/json": {"schema": {"$ref": "#/nowhere"}}}},
        },
    )
    assert found["200"].contents == {}
    assert found["201"].contents["application/json"].validator is None


def test_nothing_is_compiled_where_everything_passes(compiled: Any) -> None:
    rules = Responses(undeclared_status="pass", undeclared_member="pass", wrong_type="pass")
    assert responses(compiled, {"200": {"description": "x"}}, rules) == {}
