"""Entries in schemas: the pointers that they come to, and what no pointer leads to."""

from typing import Any

import pytest

from ringfence.policy import annotated_fields
from ringfence.policy.annotated_fields import EXTENSION, AnnotatedFields, SchemaRules

MASK = {"on": "answer", "mode": "mask"}
ENCRYPT = {"on": "request", "mode": "encrypt"}


def document(request: Any = None, answer: Any = None, **schemas: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"responses": {"200": {"$ref": "#/components/responses/Ok"}}}
    if request is not None:
        made["requestBody"] = {"content": {"application/json": {"schema": request}}}
    ok = {"description": "ok", "content": {"application/json": {"schema": answer or {}}}}
    return {"paths": {"/a": {"post": made}}, "components": {"schemas": schemas, "responses": {"Ok": ok}}}


def found(data: dict[str, Any]) -> AnnotatedFields:
    return SchemaRules(data).of(data["paths"]["/a"]["post"], "/paths/~1a/post")


def text(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"type": "string", EXTENSION: list(entries) if len(entries) != 1 else entries[0]}


def to(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def test_where_an_entry_stands_is_its_pointer() -> None:
    data = document(
        request=to("Payment"),
        answer={"type": "array", "items": to("Payment")},
        Payment={"allOf": [of(to=to("Account")), {"oneOf": [of(**{"a/b": text(MASK, ENCRYPT)}), to("Cards")]}]},
        Account=of(iban=to("Iban"), name={"type": "string"}),
        Iban=text(ENCRYPT),
        Cards=of(cards={"type": "array", "items": {"anyOf": [of(pan=text(MASK))]}}),
    )
    rules = [(one.rule.on, one.rule.mode, one.rule.at, one.at) for one in found(data).rules]
    schemas = "/components/schemas"
    assert rules == [
        ("request", "encrypt", "/to/iban", f"{schemas}/Iban"),
        ("request", "encrypt", "/a~1b", f"{schemas}/Payment/allOf/1/oneOf/0/properties/a~1b"),
        ("answer", "mask", "/*/a~1b", f"{schemas}/Payment/allOf/1/oneOf/0/properties/a~1b"),
        ("answer", "mask", "/*/cards/*/pan", f"{schemas}/Cards/properties/cards/items/anyOf/0/properties/pan"),
    ]
    assert found(data).wrong == ()


def test_an_entry_beside_a_reference_is_of_that_place_alone() -> None:
    data = document(request=of(one=to("Iban") | {EXTENSION: ENCRYPT}, two=to("Iban")), Iban={"type": "string"})
    assert [one.rule.at for one in found(data).rules] == ["/one"]


def test_the_same_field_by_two_ways_is_one() -> None:
    data = document(request={"allOf": [to("Part"), to("Part")]}, Part=of(iban=text(ENCRYPT)))
    assert len(found(data).rules) == 1


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (text(ENCRYPT), "the whole body"),
        ({"additionalProperties": text(ENCRYPT)}, "no pointer leads"),
        ({"patternProperties": {"^a": of(b=text(ENCRYPT))}}, "no pointer leads"),
        ({"prefixItems": [text(ENCRYPT)]}, "no pointer leads"),
        ({"if": of(a=text(ENCRYPT))}, "no pointer leads"),
        (of(**{"*": text(ENCRYPT)}), "no pointer leads"),
        (of(a=text({**ENCRYPT, "at": "/a"})), "without `at`"),
        (of(a=text({"mode": "mask"})), "`on`"),
        (of(a=text({**ENCRYPT, "mode": "hide"})), "mode"),
        (of(a={EXTENSION: 7}), "a mapping"),
        (of(a={EXTENSION: [[]]}), "a mapping"),
        (to("Tree"), "a schema that holds itself"),
    ],
)
def test_what_no_pointer_leads_to_is_told(schema: Any, said: str) -> None:
    data = document(request=schema, Tree=of(iban=text(ENCRYPT), children={"type": "array", "items": to("Tree")}))
    told = found(data).wrong
    assert any(said in wrong for _, wrong in told), told


def test_a_schema_that_holds_itself_is_no_matter_where_nothing_in_it_is_protected() -> None:
    data = document(
        request=of(tree=to("Tree"), iban=text(ENCRYPT)), Tree=of(children={"items": to("Tree")}, gone=to("Gone"))
    )
    assert ([one.rule.at for one in found(data).rules], found(data).wrong) == (["/iban"], ())


def test_other_media_types_and_broken_parts_are_left_to_others() -> None:
    data = document(request=of(a=text(ENCRYPT)))
    operation = data["paths"]["/a"]["post"]
    operation["requestBody"]["content"] = {"text/plain": {"schema": of(a=text(ENCRYPT))}, "application/json": 7}
    operation["responses"] = {"200": {"$ref": "#/nowhere"}, "201": 7}
    assert found(data) == AnnotatedFields()
    assert SchemaRules({}).of({}, "") == AnnotatedFields()


def test_what_an_operation_says_itself_is_not_an_entry_of_a_schema() -> None:
    data = document(request=of(a={"type": "string"}))
    data["paths"]["/a"]["post"][EXTENSION] = [{"at": "/a", **ENCRYPT}]
    assert not SchemaRules(data)._any
    assert found(data) == AnnotatedFields()


def test_schemas_that_double_at_each_level_end(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = {f"L{n}": of(a=to(f"L{n + 1}"), b=to(f"L{n + 1}")) for n in range(40)}
    data = document(request=to("L0"), **levels, L40=of(iban=text(ENCRYPT)))
    monkeypatch.setattr(annotated_fields, "MOST_STEPS", 2_000)
    told = found(data).wrong
    assert any("more than 2000 ways" in wrong for _, wrong in told)
