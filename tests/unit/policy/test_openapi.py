import copy
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringfence.policy.document import Document, load_document
from ringfence.policy.model import ApiVersion, Demands, Upstream
from ringfence.policy.openapi import compile_document

Compile = Callable[..., Any]
GET = {"responses": {"200": {"description": "ok"}}}


def names(result: Any) -> list[str]:
    return [f.fault for f in result.faults]


def test_an_operation_carries_everything_a_call_needs(compiled: Compile) -> None:
    policy = {"base_path": "/b", "operations": {"one": Demands(scopes=("own",), user="any")}, "unknown_query": "pass"}
    (one, two) = compiled({"/a": {"get": GET | {"operationId": "one"}, "post": GET}}, policy=policy).operations
    assert (one.method, one.template, one.upstream_name, one.unknown_query) == ("GET", "/b/a", "api/v1", "pass")
    assert (one.demands.scopes, one.demands.user_required) == ({"own"}, False)
    assert (two.operation_id, two.demands.scopes, two.demands.user_required) == ("POST /a", {"s"}, True)
    assert one.statuses == {"200"}


def test_an_operation_can_be_named_by_method_and_path_and_hidden(compiled: Compile) -> None:
    policy = {"operations": {"GET /a": Demands(expose=False)}}
    result = compiled({"/a": {"get": GET | {"operationId": "one"}}}, policy=policy)
    assert (result.operations, result.hidden) == ((), (("GET", "/a"),))


@pytest.mark.parametrize(
    ("paths", "fault", "exposed"),
    [
        (
            {"/a": {"get": GET | {"operationId": "x"}}, "/b": {"get": GET | {"operationId": "x"}}},
            "duplicate-operation-id",
            2,
        ),
        ({"/a/{x}": {"get": GET}}, "undeclared-path-parameter", 0),
        (
            {
                "/a": {
                    "get": GET,
                    "parameters": [{"name": "x", "in": "path", "required": True, "schema": {"type": "string"}}],
                }
            },
            "unused-path-parameter",
            1,
        ),
        ({"/a?b=c": {"get": GET}}, "invalid-path", 0),
        ({"/a": {"get": "x"}}, "invalid-operation", 0),
        ({"/a": []}, "invalid-operation", 0),
        ({"/a": {"$ref": "#/components/pathItems/Gone"}}, "dangling-reference", 0),
        ({"/a": {"$ref": "https://x/y.yaml"}}, "remote-reference", 0),
    ],
)
def test_faults_of_paths_and_operations(compiled: Compile, paths: Any, fault: str, exposed: int) -> None:
    result = compiled(paths)
    assert fault in names(result)
    assert len(result.operations) == exposed


def test_of_two_paths_of_one_shape_the_first_stands(compiled: Compile) -> None:
    def taking(name: str) -> dict[str, Any]:
        return {
            "get": GET,
            "parameters": [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}}],
        }

    result = compiled({"/a/{x}": taking("x"), "/a/{y}": taking("y")})
    assert names(result) == ["conflicting-paths"]
    assert [o.template for o in result.operations] == ["/a/{x}"]


def test_a_fault_in_a_response_is_told_but_hides_nothing(compiled: Compile) -> None:
    bad = {
        "responses": {
            "200": {
                "description": "",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Gone"}}},
            }
        }
    }
    result = compiled({"/a": {"get": bad}})
    assert names(result) == ["dangling-reference"]
    assert len(result.operations) == 1


def test_a_reference_bomb_is_refused_quickly(compiled: Compile) -> None:
    schemas = {f"L{i}": {"allOf": [{"$ref": f"#/components/schemas/L{i + 1}"}] * 2} for i in range(60)} | {
        "L60": {"type": "object"}
    }
    body = {
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/L0"}}}},
        "responses": {},
    }
    started = time.perf_counter()
    result = compiled({"/a": {"post": body}}, components={"schemas": schemas})
    assert result.operations == ()
    assert "too-complex" in names(result)
    assert time.perf_counter() - started < 10


def test_a_chain_of_thousands_of_references_compiles(compiled: Compile) -> None:
    count = 3000
    schemas = {
        f"L{i}": {"type": "object", "properties": {"n": {"$ref": f"#/components/schemas/L{i + 1}"}}}
        for i in range(count)
    }
    schemas[f"L{count}"] = {"type": "string"}
    body = {
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/L0"}}}},
        "responses": {},
    }
    result = compiled({"/a": {"post": body}}, components={"schemas": schemas})
    assert not result.operations[0].bodies["application/json"].validator.is_valid({"n": {"x": 1}})


def payment() -> dict[str, Any]:
    return {
        "Data": {
            "ConsentId": "58923",
            "Initiation": {
                "InstructionIdentification": "ACME412",
                "EndToEndIdentification": "FRESCO.21302.GFX.20",
                "InstructedAmount": {"Amount": "165.88", "Currency": "GBP"},
                "CreditorAccount": {
                    "SchemeName": "UK.OBIE.SortCodeAccountNumber",
                    "Identification": "08080021325698",
                    "Name": "ACME Inc",
                    "SecondaryIdentification": "0002",
                },
                "SupplementaryData": {"anything": {"goes": 1}},
            },
        },
        "Risk": {"PaymentContextCode": "TransferToThirdParty"},
    }


def changed(path: str, value: Any) -> dict[str, Any]:
    whole = payment()
    *parents, last = path.split("/")
    at = whole
    for name in parents:
        at = at[name]
    at[last] = value
    return whole


def test_a_payment_of_the_uk_standard(shared: Path) -> None:
    version = ApiVersion(
        name="v4", openapi="x", upstream=Upstream(url="http://u"), defaults=Demands(scopes=("payments",))
    )
    result = compile_document(load_document(shared / "uk-payment-initiation.yaml"), "pisp", version, {})
    (pay,) = (o for o in result.operations if o.operation_id == "CreateDomesticPayments")
    body = pay.bodies["application/json"].validator
    assert body is not None
    assert [e.message for e in body.iter_errors(payment())] == []
    for path, value in (
        ("Extra", 1),
        ("Data/Extra", 1),
        ("Data/Initiation/Extra", 1),
        ("Data/Initiation/InstructedAmount/Extra", 1),
        ("Risk/Extra", 1),
        ("Data/Initiation/InstructedAmount/Amount", 165.88),
        ("Data/Initiation/InstructedAmount/Amount", "165.888888"),
        ("Data/Initiation/InstructedAmount/Currency", "GBP\n"),
        ("Data/Initiation/InstructionIdentification", "x" * 36),
        ("Data/Initiation", None),
        ("Data", []),
    ):
        assert not body.is_valid(changed(path, value)), path


def test_the_examples_of_real_documents_pass(shared: Path) -> None:
    version = ApiVersion(name="v", openapi="x", upstream=Upstream(url="http://u"))
    wrong = {}
    for name in ("adyen-CheckoutService-v72.json", "bg-psd2-1.3.11.yaml"):
        faults = compile_document(load_document(shared / name), "a", version, {}).faults
        wrong[name] = sum(1 for f in faults if f.fault == "example-mismatch")
    # five of the Berlin Group's examples write booleans as strings, or lack a member that they require
    assert wrong == {"adyen-CheckoutService-v72.json": 0, "bg-psd2-1.3.11.yaml": 5}


def places(value: Any) -> list[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [found for key in keys for found in ((value, key), *places(value[key]))]


def test_a_document_with_anything_anywhere_compiles_or_is_told(compiled: Compile) -> None:
    """Whatever stands anywhere, the outcome is operations and faults, and every validator works."""
    junk: list[Any] = [
        None,
        True,
        -1,
        1.5,
        "",
        "#/",
        [],
        {},
        [{}],
        {"$ref": "#/paths"},
        {"$ref": 3},
        {1: 2},
        ["null"],
        "(",
        10**30,
    ]
    words = [
        "$ref",
        "type",
        "items",
        "allOf",
        "oneOf",
        "enum",
        "required",
        "in",
        "name",
        "style",
        "properties",
        "default",
        200,
    ]
    body = {"$ref": "#/components/schemas/A"}
    paths = {
        "/a/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "enum": ["a"]}}],
            "get": {
                "parameters": [{"name": "q", "in": "query", "content": {"application/json": {"schema": body}}}],
                "responses": {},
            },
            "post": {
                "requestBody": {"content": {"application/json": {"schema": body, "example": {"a": "a"}}}},
                "responses": {},
            },
        }
    }
    a = {
        "type": "object",
        "properties": {"a": {"type": "string", "pattern": "^a"}, "self": body},
        "oneOf": [{"required": ["a"]}],
    }
    rnd = random.Random(7)  # the same mutations on every run
    for _ in range(400):
        whole = copy.deepcopy({"paths": paths, "components": {"schemas": {"A": a}}})
        for _ in range(rnd.randint(1, 4)):
            container, key = rnd.choice(places(whole["paths"]) + places(whole["components"]))
            key = rnd.choice(words) if isinstance(container, dict) and rnd.random() < 0.4 else key
            container[key] = copy.deepcopy(rnd.choice(junk))
        data = {"openapi": rnd.choice(["3.0.3", "3.1.0"]), **whole}
        version = ApiVersion(name="v", openapi="x", upstream=Upstream(url="http://u"))
        result = compile_document(Document("f", data, ""), "a", version, {})
        assert result.uncompiled == ()
        for operation in result.operations:
            for one in operation.bodies.values():
                assert one.validator is None or one.validator.is_valid({"a": "a"}) in {True, False}
