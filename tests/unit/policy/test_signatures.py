from typing import Any

import pytest

from ringfence.policy.load import load
from ringfence.policy.mistakes import PolicyMistakes
from ringfence.policy.model import Demands

SCHEMA = {"type": "object", "properties": {"amount": {"type": "string"}, "iss": {"type": "string"}}}
HEADER = {"name": "x-jws-signature", "in": "header", "required": True, "schema": {"type": "string"}}


def post(content: dict[str, Any] | None, *parameters: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {"operationId": "pay", "parameters": list(parameters), "responses": {}}
    if content is not None:
        operation["requestBody"] = {"content": content}
    return {"/pay": {"post": operation}}


def compiled_pay(compiled: Any, demands: dict[str, Any], paths: dict[str, Any]) -> Any:
    result = compiled(paths, policy={"defaults": Demands(scopes=("s",), **demands)})
    return result.operations[0]


def test_a_signed_body_has_the_schema_of_its_payload(compiled: Any) -> None:
    paths = post({"application/jwt": {"schema": SCHEMA}, "application/json": {"schema": SCHEMA}})
    operation = compiled_pay(compiled, {"body_signature": "compact"}, paths)
    body = operation.bodies["application/jwt"]
    assert body.signed
    assert operation.body_required
    assert body.validator.is_valid({"amount": "1"})
    assert not body.validator.is_valid({"other": 1})
    assert "iss" not in body.bare_claims
    assert "aud" in body.bare_claims
    assert operation.bodies["application/json"].validator is None


def test_without_the_demand_a_jwt_is_an_unchecked_body(compiled: Any) -> None:
    result = compiled(post({"application/jwt": {"schema": SCHEMA}}))
    assert "unchecked-body" in {fault.fault for fault in result.faults}
    assert result.operations[0].bodies["application/jwt"].validator is None


BANK = """\
openapi: 3.0.3
info: {title: Bank, version: 1.0.0}
security: [{o: []}]
paths:
  /pay:
    post:
      operationId: pay
      PARAMETERS
      requestBody: {content: {CONTENT: {schema: {type: object, properties: {a: {type: string}}}}}}
      responses: {'200': {description: ok}}
  /read:
    get: {operationId: read, responses: {'200': {description: ok}}}
"""
PARAMETERS = "parameters: [{name: x-jws-signature, in: header, schema: {type: string}}]"


@pytest.mark.parametrize(
    ("demand", "content", "parameters", "said"),
    [
        ("body_signature: compact", "application/json", "", "demands a signed body"),
        ("body_signature: detached", "application/json", "", "does not declare the header"),
        ("upstream_body: payload", "application/json", "", "would pass on the payload"),
        ("body_signature: compact", "application/jwt", "", ""),
        ("body_signature: detached", "application/json", PARAMETERS, ""),
        ("signature: required", "application/json", "", ""),
    ],
)
def test_a_demand_that_no_call_could_meet_is_a_mistake(
    installation: Any, demand: str, content: str, parameters: str, said: str
) -> None:
    operations = f"defaults: {{scopes: [pay], limits: [client]}}\n        operations: {{pay: {{{demand}}}}}"
    bank = BANK.replace("PARAMETERS", parameters or "summary: p").replace("CONTENT", content)
    path = installation(("defaults: {scopes: [pay], limits: [client]}", operations), bank=bank)
    if not said:
        demands = next(o for o in load(path).table.operations if o.operation_id == "pay").demands
        assert demands.signed
        return
    with pytest.raises(PolicyMistakes) as found:
        load(path)
    (mistake,) = found.value.mistakes
    assert said in mistake.message
    assert mistake.line > 1


def test_a_detached_signature_over_no_body(installation: Any) -> None:
    operations = "defaults: {scopes: [pay], body_signature: detached}"
    path = installation(("defaults: {scopes: [pay], limits: [client]}", operations))
    with pytest.raises(PolicyMistakes) as found:
        load(path)
    assert any("takes no body" in mistake.message for mistake in found.value.mistakes)
