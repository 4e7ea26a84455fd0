"""Every keyword of every public document, broken once in a call that is otherwise valid: refused there, for that."""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from functools import reduce
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from ringfence.gateway.brackets import MAX_KEYS
from ringfence.policy.examples import examples
from ringfence.policy.faults import Faults
from ringfence.policy.operations import Operation
from ringfence.policy.references import References
from ringfence.problem import Reason, Refused
from tests.contract.test_public_documents import FORM, NAMES, Api, callable_operations
from tests.generated_calls import form
from tests.one_mistake import Mistake, mistakes

TRIED = {
    "adyen-CheckoutService-v72.json": 2_900,
    "bg-psd2-1.3.11.yaml": 200,
    "stripe.json": 4_500,
    "uk-account-info.yaml": 15,
    "uk-payment-initiation.yaml": 6_100,
    "uk-v3.1.11-account-info.yaml": 14,
    "uk-v3.1.11-payment-initiation.yaml": 2_100,
}
"""Mistakes in bodies that there are at least: a document that is not looked into must not pass for one without faults."""

MOST = 100
"""Mistakes that are made in one form, drawn by its operation's name: Stripe's have up to two thousand, all alike."""

PARAMETERS = {
    "adyen-CheckoutService-v72.json": 0,
    "bg-psd2-1.3.11.yaml": 215,
    "stripe.json": 740,
    "uk-account-info.yaml": 37,
    "uk-payment-initiation.yaml": 56,
    "uk-v3.1.11-account-info.yaml": 37,
    "uk-v3.1.11-payment-initiation.yaml": 56,
}
"""The same for parameters: Adyen's are texts without any constraint."""

EXAMPLES = {"adyen-CheckoutService-v72.json": (54, 0), "bg-psd2-1.3.11.yaml": (23, 5)}
"""Examples of request bodies, and those that do not fit their own schema: booleans as strings, a member missing."""


@pytest.fixture(scope="module", params=NAMES)
def named(request: pytest.FixtureRequest) -> tuple[str, Api]:
    return request.param, Api(request.param)


def schema_of(api: Api, operation: Operation, kind: str) -> Any:
    content = api.giver.resolved(api.declared[operation.operation_id].raw["requestBody"])["content"]
    return next(m["schema"] for name, m in content.items() if name.partition(";")[0].strip().lower() == kind)


def written(mistake: Mistake, kind: str) -> bytes:
    """The body on the wire; empty where a form cannot say it: nothing empty, and names of at most five levels."""
    if kind != FORM:
        return json.dumps(mistake.value).encode()
    place = reduce(lambda value, part: value[part], mistake.at, mistake.value)
    if not isinstance(mistake.value, dict) or place in ({}, []):
        return b""
    pairs = form(mistake.value)
    return b"" if any(name.count("[") >= MAX_KEYS for name, _ in pairs) else urlencode(pairs, quote_via=quote).encode()


def test_each_mistake_in_a_body_is_refused_at_its_place_and_for_its_keyword(named: tuple[str, Api]) -> None:
    name, api = named
    tried: Counter[str] = Counter()
    for operation in callable_operations(api):
        kind, data, document = api.good_body(operation)
        found = list(mistakes(api.giver, schema_of(api, operation, kind), document)) if data else []
        if kind == FORM:
            found = random.Random(operation.operation_id).sample(found, min(len(found), MOST))
        for mistake in found:
            body = written(mistake, kind)
            if not body:
                continue
            refused = api.refusal(operation, {}, kind, body)
            assert refused.reason is Reason.BODY_INVALID, (operation.operation_id, mistake)
            assert mistake.told_in(refused.faults), (operation.operation_id, mistake, refused.faults)
            tried[mistake.keyword] += 1
    assert tried.total() >= TRIED[name]


def test_each_mistake_in_a_parameter_is_refused_at_its_place_and_for_its_keyword(named: tuple[str, Api]) -> None:
    name, api = named
    tried: Counter[str] = Counter()
    for operation in callable_operations(api):
        kind, data, _ = api.good_body(operation)
        for parameter, schema in api.parameters(operation):
            if parameter.kind not in {"string", "integer", "number"} or parameter.json_content:
                continue
            where = f"{parameter.location}.{parameter.name}"
            for mistake in mistakes(api.giver, schema, api.giver.value(schema)):
                if not sendable(mistake, parameter.location):
                    continue
                refused = api.refusal(operation, {where: mistake.value}, kind if data else "", data)
                assert refused.reason is Reason.PARAMETER_INVALID, (operation.operation_id, where, mistake)
                assert mistake.told_in(refused.faults, where), (operation.operation_id, where, mistake, refused.faults)
                tried[mistake.keyword] += 1
    assert tried.total() >= PARAMETERS[name]


def sendable(mistake: Mistake, location: str) -> bool:
    """Whether a text on the wire can be the mistake: any text is a string, and an empty path segment is another path."""
    text = mistake.value
    if isinstance(text, dict) or (location == "path" and text in {"", "."}):
        return False
    return location == "query" or re.fullmatch(r"[!-~]([ -~]*[!-~])?", str(text)) is not None


def test_a_required_parameter_that_is_missing_is_named(named: tuple[str, Api]) -> None:
    _, api = named
    for operation in callable_operations(api):
        kind, data, _ = api.good_body(operation)
        for parameter in operation.parameters:
            if not parameter.required or parameter.location == "path":
                continue
            where = f"{parameter.location}.{parameter.name}"
            refused = api.refusal(operation, {}, kind if data else "", data, without=where)
            assert refused.reason is Reason.PARAMETER_INVALID
            assert [(fault.at, fault.message) for fault in refused.faults] == [(where, "is required")]


def test_the_documents_own_request_examples_pass(named: tuple[str, Api]) -> None:
    name, api = named
    passed, wrong = 0, 0
    for operation, kind, example in request_examples(api):
        try:
            api.send(operation, {}, kind, json.dumps(example).encode())
        except Refused as refused:
            wrong += refused.reason is Reason.BODY_INVALID
        else:
            passed += 1
    assert (passed, wrong) == EXAMPLES.get(name, (0, 0))


def request_examples(api: Api) -> Iterator[tuple[Operation, str, Any]]:
    references = References(api.document.data, Faults())
    for operation in callable_operations(api):
        raw = api.giver.resolved(api.declared[operation.operation_id].raw.get("requestBody", {}))
        for name, media in raw.get("content", {}).items():
            kind = name.partition(";")[0].strip().lower()
            body = operation.bodies.get(kind)
            if body is not None and body.validator is not None and not body.form:
                for example, _ in examples(media, "", references):
                    yield operation, kind, example
