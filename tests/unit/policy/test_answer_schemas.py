from ringfence.policy.answer_schemas import answers, contents, has_schema, is_json
from ringfence.policy.faults import Faults
from ringfence.policy.references import References

DATA = {"shared": {"content": {"Application/JSON; charset=utf-8": {"schema": {"type": "object"}}, "text/csv": {}}}}


def test_answers_are_told_by_status_and_media_type_through_references() -> None:
    references = References(DATA, Faults())
    operation = {"responses": {200: {"$ref": "#/shared"}, "404": {"description": "x"}, "default": {"$ref": "#/gone"}}}
    found = list(answers(operation, references))
    assert [(status, kind, has_schema(media)) for status, kind, media in found] == [
        ("200", "application/json", True),
        ("200", "text/csv", False),
    ]
    assert list(answers({}, references)) == list(answers({"responses": []}, references)) == []
    assert list(contents({"content": []}, references)) == list(contents(7, references)) == []
    assert not has_schema(None)


def test_which_media_types_are_json() -> None:
    assert is_json("application/json")
    assert is_json("application/problem+json")
    assert not any(map(is_json, ("text/json-seq", "text/json", "*/*", "application/*", "")))
