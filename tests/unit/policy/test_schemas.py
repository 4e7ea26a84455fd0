from collections.abc import Callable
from typing import Any

import pytest

from ringfence.policy.faults import Faults
from ringfence.policy.references import Broken, References
from ringfence.policy.schemas import Schemas

Posting = Callable[..., tuple[Any, list[str]]]


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


PERSON = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
AGED = {"type": "object", "properties": {"age": {"type": "integer"}}}


def test_unknown_members_are_refused_where_the_document_forgot_to(posting: Posting) -> None:
    body, faults = posting({"type": "object", "properties": {"in": PERSON, "list": {"type": "array", "items": PERSON}}})
    assert faults == []
    assert body.is_valid({"in": {"name": "a"}, "list": [{"name": "b"}]})
    assert not body.is_valid({"x": 1})
    assert not body.is_valid({"in": {"name": "a", "x": 1}})
    assert not body.is_valid({"list": [{"name": "a", "x": 1}]})


def test_the_same_through_references(posting: Posting) -> None:
    body, _ = posting(ref("Outer"), Outer={"type": "object", "properties": {"p": ref("P")}}, P=PERSON)
    assert body.is_valid({"p": {"name": "a"}})
    assert not body.is_valid({"p": {"name": "a", "x": 1}})
    assert not body.is_valid({"p": {"name": "a"}, "x": 1})


def test_an_explicit_additional_properties_is_honoured(posting: Posting) -> None:
    body, _ = posting({"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "string"}})
    assert body.is_valid({"b": "text"})
    assert not body.is_valid({"b": 1})
    body, _ = posting({"type": "object", "additionalProperties": True})
    assert body.is_valid({"b": [{"c": 1}]})


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_a_composition_is_closed_as_a_whole(posting: Posting, version: str) -> None:
    both = {"allOf": [ref("Person"), ref("Aged")], "properties": {"own": {"type": "string"}}}
    body, _ = posting(both, version, Person=PERSON, Aged=AGED)
    assert body.is_valid({"name": "a", "age": 1, "own": "x"})
    assert not body.is_valid({"name": "a", "age": 1, "x": 1})
    assert not body.is_valid({"age": 1})


def test_branches_that_differ_only_in_their_members_are_told_apart(posting: Posting) -> None:
    card = {"type": "object", "properties": {"number": {"type": "string"}}}
    bank = {"type": "object", "properties": {"iban": {"type": "string"}}}
    body, _ = posting({"oneOf": [ref("Card"), ref("Bank")]}, Card=card, Bank=bank)
    assert body.is_valid({"iban": "x"})
    assert body.is_valid({"number": "x"})
    assert not body.is_valid({"number": "x", "iban": "x"})
    assert not body.is_valid({"other": "x"})


def test_one_of_beside_own_members_still_composes(posting: Posting) -> None:
    card = {"type": "object", "required": ["number"], "properties": {"number": {"type": "string"}}}
    bank = {"type": "object", "required": ["iban"], "properties": {"iban": {"type": "string"}}}
    body, _ = posting({"properties": {"id": {"type": "string"}}, "oneOf": [card, bank]})
    assert body.is_valid({"id": "1", "iban": "x"})
    assert not body.is_valid({"id": "1", "iban": "x", "z": 1})


def test_circles_work_and_stay_closed(posting: Posting) -> None:
    tree = {"type": "object", "properties": {"left": ref("Tree"), "value": {"type": "integer"}}}
    body, _ = posting(ref("Tree"), Tree=tree)
    assert body.is_valid({"left": {"left": {"value": 1}}})
    assert not body.is_valid({"left": {"left": {"value": 1, "x": 1}}})


def test_a_condition_is_not_closed_because_that_would_allow_more(posting: Posting) -> None:
    forbidden = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "object", "required": ["b"], "properties": {"b": {}}}},
    }
    body, _ = posting({"type": "object", "additionalProperties": True, "not": forbidden})
    assert not body.is_valid({"a": {"b": 1}})
    assert not body.is_valid({"a": {"b": 1, "c": 1}})
    assert body.is_valid({"c": 1})


def test_members_that_only_responses_have_are_refused(posting: Posting) -> None:
    schema = {
        "type": "object",
        "required": ["id", "name"],
        "properties": {"id": {"type": "string", "readOnly": True}, "name": {"type": "string"}, "at": ref("Stamp")},
        "additionalProperties": True,
    }
    body, _ = posting(schema, Stamp={"type": "string", "readOnly": True})
    assert body.is_valid({"name": "a", "other": 1})
    assert not body.is_valid({"name": "a", "id": "1"})
    assert not body.is_valid({"name": "a", "at": "1"})


def test_nullable_means_null_too(posting: Posting) -> None:
    for schema in (
        {"type": "string", "nullable": True},
        {"type": "string", "enum": ["a"], "nullable": True},
        {"allOf": [ref("Name")], "nullable": True},
        {"type": ["string", "null"]},
    ):
        body, _ = posting({"type": "object", "properties": {"v": schema}}, Name={"type": "string"})
        assert body.is_valid({"v": None})
        assert body.is_valid({"v": "a"})
        assert not body.is_valid({"v": 1})
    body, _ = posting({"type": "object", "properties": {"v": {**PERSON, "nullable": True}}})
    assert body.is_valid({"v": None})
    assert not body.is_valid({"v": {"name": "a", "x": 1}})


def test_bounds_of_3_0_and_integer_formats(posting: Posting) -> None:
    numbers = {
        "a": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
        "b": {"type": "integer", "format": "int32"},
        "c": {"type": "number", "maximum": 5, "exclusiveMaximum": False},
        "d": {"type": "string", "format": "date"},
    }
    body, _ = posting({"type": "object", "properties": numbers})
    assert body.is_valid({"a": 0.1, "b": 2**31 - 1, "c": 5, "d": "2026-01-31"})
    for wrong in ({"a": 0}, {"b": 2**31}, {"c": 5.1}, {"d": "2026-13-01"}):
        assert not body.is_valid(wrong)


def test_siblings_of_a_reference_count_in_3_1_only(posting: Posting) -> None:
    short = {"type": "object", "properties": {"v": {"$ref": "#/components/schemas/Name", "maxLength": 1}}}
    new, _ = posting(short, "3.1.0", Name={"type": "string"})
    old, _ = posting(short, "3.0.3", Name={"type": "string"})
    assert not new.is_valid({"v": "ab"})
    assert old.is_valid({"v": "ab"})


@pytest.mark.parametrize("schema", [{"type": "object"}, {}, {"description": "anything"}])
def test_what_declares_no_members_has_none(posting: Posting, schema: dict[str, Any]) -> None:
    body, faults = posting({"type": "object", "properties": {"v": schema}})
    assert faults == ["free-form-object"]
    assert body.is_valid({"v": {}})
    assert not body.is_valid({"v": {"x": 1}})


def test_lists_of_anything_hide_no_members(posting: Posting) -> None:
    body, _ = posting({"type": "object", "properties": {"v": {"type": "array"}}})
    assert body.is_valid({"v": [1, "a", []]})
    assert not body.is_valid({"v": [{"x": 1}]})
    assert not body.is_valid({"v": [[[{"x": 1}]]]})


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ({"type": "strin"}, "invalid-schema"),
        ({"type": "object", "required": True}, "invalid-schema"),
        ({"properties": []}, "invalid-schema"),
        ({"allOf": []}, "invalid-schema"),
        ({"items": 3}, "invalid-schema"),
        ("string", "invalid-schema"),
        ({"pattern": "("}, "invalid-pattern"),
        ({"patternProperties": {"(": {}}}, "invalid-pattern"),
        ({"$ref": "#/components/schemas/Gone"}, "dangling-reference"),
        ({"$ref": "file:///etc/passwd"}, "remote-reference"),
        ({"properties": {"a": {"$ref": "http://127.0.0.1/"}}}, "remote-reference"),
        ({"$id": "http://evil/", "type": "object"}, "unsupported-keyword"),
        ({"$dynamicRef": "#x"}, "unsupported-keyword"),
    ],
)
def test_what_has_no_clear_meaning_hides_the_operation(posting: Posting, schema: Any, fault: str) -> None:
    for wrapped in (schema, {"type": "object", "properties": {"deep": {"allOf": [schema]}}}, ref("S")):
        body, faults = posting(wrapped, S={"type": "object", "properties": {"deep": schema}})
        assert body is None
        assert fault in faults


def test_small_faults_are_told_and_repaired(posting: Posting) -> None:
    schema = {
        "type": "object",
        "properties": {"v": {"type": "string", "enum": ["a", "b", "a"], "maxlength": 3, "x-own": 1}},
    }
    body, faults = posting(schema)
    assert sorted(faults) == ["duplicate-enum-member", "unknown-keyword"]
    assert body.is_valid({"v": "b"})


def test_several_faults_of_one_schema_are_all_told(posting: Posting) -> None:
    _, faults = posting(
        {"type": "object", "properties": {"a": {"type": "x"}, "b": {"pattern": "("}, "c": {"enum": []}}}
    )
    assert sorted(faults) == ["invalid-pattern", "invalid-schema", "invalid-schema"]


def test_an_answers_schema_is_open_and_asks_for_nothing_that_only_requests_have() -> None:
    schema = {
        "type": "object",
        "required": ["a", "pin", "key"],
        "properties": {
            "a": {"type": "string", "readOnly": True, "nullable": True},
            "pin": {"type": "string", "writeOnly": True},
            "key": {"$ref": "#/components/schemas/Key"},
        },
        "not": {"required": ["never"]},
    }
    document = {"root": schema, "components": {"schemas": {"Key": {"type": "string", "writeOnly": True}}}}
    schemas = Schemas(References(document, Faults()), Faults(), is_3_0=True)
    shown = schemas.response(schema, "/root")
    assert shown["required"] == ["a"]
    assert shown["properties"]["a"] == {"type": ["string", "null"]}
    assert "additionalProperties" not in shown
    assert "unevaluatedProperties" not in shown
    with pytest.raises(Broken):
        schemas.response({"$ref": "#/nowhere"}, "/root")


ADDRESS = {"type": "object", "properties": {"street": {"type": "string"}, "id": {"type": "string", "readOnly": True}}}


def test_parts_that_refine_one_member_close_it_together(posting: Posting) -> None:
    person = {"type": "object", "properties": {"home": ADDRESS}}
    refined = {
        "allOf": [
            ref("Person"),
            {"properties": {"home": {"required": ["street"], "properties": {"no": {"type": "integer"}}}}},
        ]
    }
    body, faults = posting(refined, Person=person)
    assert faults == []
    assert body.is_valid({"home": {"street": "a", "no": 1}})
    for home in ({"no": 1}, {"street": 1}, {"street": "a", "x": 1}, {"street": "a", "id": "x"}, {}, "a"):
        assert not body.is_valid({"home": home}), home


def test_members_that_are_refined_twice_are_closed_at_every_level(posting: Posting) -> None:
    one = {"properties": {"a": {"properties": {"b": {"properties": {"x": {"type": "integer"}}}}}}}
    other = {"properties": {"a": {"properties": {"b": {"required": ["y"], "properties": {"y": {}}}}}}}
    body, _ = posting({"allOf": [one, other]})
    assert body.is_valid({"a": {"b": {"x": 1, "y": 2}}})
    for inner in ({"x": 1}, {"x": "1", "y": 2}, {"y": 2, "z": 3}):
        assert not body.is_valid({"a": {"b": inner}}), inner
    assert not body.is_valid({"a": {"b": {"y": 1}, "c": 1}})


def test_a_branch_that_refines_a_member_still_demands_what_it_says(posting: Posting) -> None:
    pay = {
        "type": "object",
        "required": ["kind", "to"],
        "properties": {"kind": {"enum": ["iban", "card"]}, "to": {"properties": {"iban": {}, "card": {}}}},
        "oneOf": [
            {"properties": {"kind": {"enum": [kind]}, "to": {"type": "object", "required": [kind]}}}
            for kind in ("iban", "card")
        ],
    }
    body, _ = posting(pay)
    assert body.is_valid({"kind": "iban", "to": {"iban": 1}})
    assert body.is_valid({"kind": "card", "to": {"card": 1}})
    for to in ({"card": 1}, {"iban": 1, "x": 1}, {}, []):
        assert not body.is_valid({"kind": "iban", "to": to}), to


def test_a_schema_that_holds_anyway_is_not_made_optional_by_a_branch(posting: Posting) -> None:
    strict = {"properties": {"a": {"properties": {"x": {"type": "integer"}}, "required": ["x"]}}}
    body, _ = posting(
        {
            "oneOf": [ref("S"), {"required": ["never"]}],
            "allOf": [{"properties": {"a": {"minProperties": 1}}}, ref("S")],
        },
        S=strict,
    )
    assert body.is_valid({"a": {"x": 1}})
    assert not body.is_valid({"a": {"x": "1"}})
    assert not body.is_valid({"a": {"y": 1}})


def test_circles_that_are_refined_end_and_circles_of_different_lengths_do_not_multiply(posting: Posting) -> None:
    node = {"type": "object", "properties": {"next": ref("Node"), "text": {"type": "string"}}}
    body, faults = posting({"allOf": [ref("Node"), {"properties": {"next": {"required": ["text"]}}}]}, Node=node)
    assert faults == []
    assert body.is_valid({"next": {"text": "a", "next": {"next": {}}}})
    assert not body.is_valid({"next": {"next": {}}})
    assert not body.is_valid({"next": {"text": "a", "next": {"x": 1}}})
    rings: dict[str, Any] = {}
    for length in (7, 11, 13, 17):
        for at in range(length):
            rings[f"R{length}x{at}"] = {"properties": {"next": ref(f"R{length}x{(at + 1) % length}"), f"m{length}": {}}}
    _, faults = posting({"allOf": [ref(f"R{length}x0") for length in (7, 11, 13, 17)]}, **rings)
    assert "too-complex" in faults


def test_what_is_spelled_out_is_not_closed(posting: Posting) -> None:
    body, faults = posting({"type": "object", "properties": {"a": {"enum": [{"b": [{"c": 1}]}, "x"]}}})
    assert faults == []
    assert body.is_valid({"a": {"b": [{"c": 1}]}})
    assert not body.is_valid({"a": {"b": [{"c": 2}]}})
