"""What goes out to partners, compared."""

from typing import Any

from ringfence.policy.answers_diff import MOST_TOLD, compare_answers
from ringfence.policy.openapi import compile_document


def told(document, api_version, old: Any, new: Any) -> list[str]:
    sides = [
        {o.operation_id: o for o in compile_document(document({"/a": {"get": {"operationId": "a", "responses": r}}}), "api", api_version, {}, keep=True).operations}
        for r in (old, new)
    ]  # fmt: skip
    found = list(compare_answers(*sides))
    assert {d.direction for d in found} <= {"unclear"}
    return [d.what for d in found]


def answer(*members: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {m: {"type": "string"} for m in members}}
    return {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}}


def test_what_is_declared_more_or_less_is_told(make_document, make_version) -> None:
    ask = lambda old, new: told(make_document, make_version, old, new)  # noqa: E731 - short
    assert ask(answer("a"), answer("a")) == []
    assert ask(answer("a"), answer("a", "b")) == ["answer 200 application/json /b is described otherwise"]
    assert ask({}, answer("a")) == ["answer 200 is declared now"]
    assert ask(answer("a"), {}) == ["answer 200 is no longer declared"]
    empty = {"200": {"description": "ok"}}
    assert ask(empty, answer("a")) == ["answer 200 application/json is declared now"]
    many = ask(answer(), answer(*"abcdefgh"))
    assert len(many) == MOST_TOLD + 1
    assert many[-1] == "answer 200 application/json: 3 more places"
