"""The gateway and an independent reader of each document agree on every body, and on every change to it.

What the document allows passes; what it forbids is refused, at the place that was changed. Who decides which is which is
`tests.written_schema`. The gateway is stricter in what is named there, and in what a form cannot say.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from ringfence.gateway.texts import MAX_PAIRS
from ringfence.policy.document import load_document
from ringfence.policy.operations import Operation
from ringfence.problem import Reason, Refused
from tests.changed_values import ANY, WRITABLE, changes
from tests.contract.test_public_documents import NAMES, SHARED, Api
from tests.generated_calls import candidates, form
from tests.keyword_documents import document

UNREAD = {
    "application/jose+jwe": {"uk-account-info.yaml": 1, "uk-payment-initiation.yaml": 15}
    | {"uk-v3.1.11-account-info.yaml": 1, "uk-v3.1.11-payment-initiation.yaml": 15},
    "application/xml": {"bg-psd2-1.3.11.yaml": 1},
    "text/plain": {"bg-psd2-1.3.11.yaml": 1},
    "multipart/form-data": {"bg-psd2-1.3.11.yaml": 1, "stripe.json": 1},
}
"""Media types that the gateway does not read, and how many operations of each document have them: a call with one is refused."""
OWN = ("3.0.3", "3.1.0")
CHANGES = {"adyen-CheckoutService-v72.json": 400, "stripe.json": 3000, "uk-payment-initiation.yaml": 1200}
"""Changes that are tried in one document, drawn by its name: what takes a few seconds."""
FLOOR = {
    "adyen-CheckoutService-v72.json": {"type", "required", "additionalProperties", "enum", "maxLength", "oneOf"},
    "bg-psd2-1.3.11.yaml": {"type", "required", "oneOf", "pattern", "enum", "maxLength", "format", "minItems"},
    "stripe.json": {"type", "required", "additionalProperties", "enum", "maxLength", "anyOf"},
    "uk-account-info.yaml": {"type", "required", "enum", "format", "minItems", "additionalProperties"},
    "uk-payment-initiation.yaml": {"type", "required", "enum", "minLength", "maxLength", "pattern", "format", "oneOf"},
    "uk-v3.1.11-account-info.yaml": {"type", "required", "enum", "format", "minItems", "additionalProperties"},
    "uk-v3.1.11-payment-initiation.yaml": {"type", "required", "enum", "minLength", "maxLength", "pattern", "format"},
    "3.0.3": {"multipleOf", "uniqueItems", "minProperties", "maxProperties", "minItems", "maxItems", "minimum", "maximum"}
    | {"enum", "pattern", "not", "anyOf", "oneOf", "type", "required", "format", "undeclared"},
    "3.1.0": {"multipleOf", "uniqueItems", "minProperties", "maxProperties", "minItems", "maxItems", "const"}
    | {"exclusiveMinimum", "exclusiveMaximum", "not", "anyOf", "oneOf", "dependentRequired", "contains"}
    | {"minimum", "maximum", "enum", "pattern", "type", "required", "items", "unevaluatedProperties", "undeclared"},
}  # fmt: skip
"""Keywords for each of which some change is refused, here by name and below by number."""
FEWEST = 3


@pytest.fixture(scope="module", params=NAMES)
def named(request: pytest.FixtureRequest) -> tuple[str, Api]:
    return request.param, Api(request.param)


def declared_bodies(api: Api, operation: Operation) -> Iterator[tuple[str, Any]]:
    """Every media type of an operation with its schema, as the document writes them."""
    raw = api.written.resolved(api.declared[operation.operation_id].raw.get("requestBody", {}))
    if operation.method not in {"GET", "HEAD", "TRACE"}:
        yield from raw.get("content", {}).items()


def sendable(value: Any, *, in_form: bool) -> bytes:
    """The body on the wire; empty where a form cannot say it: no null, nothing empty, no more pairs than are read."""
    if not in_form:
        return json.dumps(value).encode()
    if not isinstance(value, dict) or sayable(value) != value:
        return b""
    pairs = form(value)
    return urlencode(pairs, quote_via=quote).encode() if len(pairs) <= MAX_PAIRS else b""


def sayable(value: Any) -> Any:
    """What is left of a value when everything is taken out that a form cannot say: empty things, names with brackets.

    Names that are numbers would be read as places in a list.
    """
    if isinstance(value, dict):
        kept = {name: sayable(inner) for name, inner in value.items() if re.fullmatch(r"[^\[\]0-9][^\[\]]*", name)}
        return {name: inner for name, inner in kept.items() if inner not in (None, {}, [])}
    if isinstance(value, list):
        return [one for one in map(sayable, value) if one not in (None, {}, [])]
    return value


def allowed(api: Api, schema: Any, *, in_form: bool) -> Iterator[Any]:
    """Values that the document allows and the wire can say."""
    for made in candidates(api.document.data, schema):
        value = api.written.closed(schema, sayable(made) if in_form else made)
        if sendable(value, in_form=in_form) and api.written.allows(schema, value):
            yield value


def answer(api: Api, operation: Operation, media: str, body: bytes) -> Refused | None:
    try:
        api.send(operation, {}, media, body)
    except Refused as refused:
        return refused
    return None


def test_each_media_type_of_each_operation_takes_what_the_document_allows(named: tuple[str, Api]) -> None:
    name, api = named
    unread: Counter[str] = Counter()
    for operation in api.compiled.operations:
        for media, one in declared_bodies(api, operation):
            kind = media.partition(";")[0].strip().lower()
            body = operation.bodies[kind]
            if body.validator is None:
                refused = answer(api, operation, media, b"x")
                assert refused is not None
                assert refused.reason is Reason.MEDIA_TYPE
                unread[kind] += 1
                continue
            passed = 0
            for value in allowed(api, one["schema"], in_form=body.form):
                data = sendable(value, in_form=body.form)
                assert answer(api, operation, media, data) is None, (operation.operation_id, media, value)
                passed += 1
            takes_none = body.form and not api.written.resolved(one["schema"]).get("properties")
            assert passed or takes_none, (operation.operation_id, media)
    assert unread == {kind: counts[name] for kind, counts in UNREAD.items() if name in counts}


def agree(api: Api, operation: Operation, media: str, schema: Any, at: tuple[str | int, ...], value: Any) -> set[str]:
    """Assert that gateway and document agree on a value; return the keywords that forbid it, `undeclared` among them."""
    in_form = operation.bodies[media.partition(";")[0].strip().lower()].form
    data = sendable(value, in_form=in_form)
    if not data:
        return set()
    words = api.written.keywords(schema, value)
    if not words and next(api.written.undeclared([schema], value), None) is not None:
        words = {"undeclared"}
    refused = answer(api, operation, media, data)
    told = (operation.operation_id, media, at, str(value)[:300], words)
    if not words:
        assert refused is None, (*told, refused)
        return words
    assert refused is not None, told
    assert refused.reason is Reason.BODY_INVALID, (*told, refused.reason)
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in at)
    places = [fault.at for fault in refused.faults]
    assert any((pointer + "/").startswith(place + "/") or place.startswith(pointer) for place in places), (
        *told,
        places,
    )
    return words


def test_each_change_is_refused_where_the_document_forbids_it_and_passes_where_not(named: tuple[str, Api]) -> None:
    name, api = named
    valid: list[tuple[Operation, str, Any, Any]] = []
    for operation in api.compiled.operations:
        for media, one in declared_bodies(api, operation):
            body = operation.bodies[media.partition(";")[0].strip().lower()]
            if body.validator is not None:
                fitting = allowed(api, one["schema"], in_form=body.form)
                valid += [(operation, media, one["schema"], value) for value in fitting]
    draw, each = random.Random(name), -(-CHANGES.get(name, 2000) // len(valid))
    tried: Counter[str] = Counter()
    for operation, media, schema, value in valid:
        in_form = operation.bodies[media.partition(";")[0].strip().lower()].form
        all_of_them = list(changes(value, WRITABLE if in_form else ANY, added="x" if in_form else True))
        for change in draw.sample(all_of_them, min(each, len(all_of_them))):
            tried.update(agree(api, operation, media, schema, change.at, change.of(value)) or {"allowed"})
    assert {word for word, count in tried.items() if count >= FEWEST} >= FLOOR[name] | {"allowed"}, tried


@pytest.mark.parametrize("version", OWN)
def test_every_keyword_means_what_it_means(version: str, tmp_path: Path) -> None:
    """Also those that the public documents hardly have: every change to what fits, none left out."""
    raw, fitting = document(version)
    (tmp_path / "keywords.json").write_text(json.dumps(raw))
    api = Api(load_document(tmp_path / "keywords.json"))
    assert {one.operation_id for one in api.compiled.operations} == fitting.keys()
    tried: Counter[str] = Counter()
    for operation in api.compiled.operations:
        ((media, one),) = declared_bodies(api, operation)
        found: Counter[str] = Counter()
        for value in fitting[operation.operation_id]:
            assert not agree(api, operation, media, one["schema"], (), value), operation.operation_id
            for change in changes(value, ANY, added=True):
                found.update(agree(api, operation, media, one["schema"], change.at, change.of(value)) or {"allowed"})
        assert found.total() > found["allowed"], operation.operation_id
        tried += found
    assert tried.keys() >= FLOOR[version] | {"allowed"}, tried


@pytest.mark.skipif(SHARED is None, reason="the public documents in ../shared/openapi are absent")
def test_every_operation_of_every_document_can_be_called() -> None:
    methods = {"get", "put", "post", "patch", "delete", "head", "options", "trace"}
    for name in NAMES:
        api = Api(name)
        told = {(m.upper(), path) for path, item in api.document.data["paths"].items() for m in item if m in methods}
        assert {(one.method, one.template) for one in api.compiled.operations} == told, name
