"""Calls that `schemathesis` makes of each document, and puts on the wire itself: what the document allows passes.

None of our code makes the values or writes them. Taken out of them is only what no call may have whatever a document
says: control characters, and `/`, `%`, `;` or dots alone in a path segment (docs/gateway.md has the list). What has changed is held against the document again.
"""

import re
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode

from ringfence.gateway.validate import validate
from ringfence.policy.operations import Operation, Parameter
from ringfence.problem import Refused
from tests.contract.test_documents_as_written import sayable, sendable
from tests.contract.test_public_documents import NAMES, Api
from tests.contract.test_public_documents import located as attested

EACH = 2
EVERY = {"stripe.json": 6}
"""Of some documents one operation in so many."""
FEWEST = {
    "adyen-CheckoutService-v72.json": 50,
    "bg-psd2-1.3.11.yaml": 60,
    "stripe.json": 110,
    "uk-account-info.yaml": 50,
    "uk-payment-initiation.yaml": 58,
    "uk-v3.1.11-account-info.yaml": 50,
    "uk-v3.1.11-payment-initiation.yaml": 58,
}
"""Calls of each that pass, of twice its operations; some are left out because a change made them invalid."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@pytest.fixture(scope="module", params=NAMES)
def named(request: pytest.FixtureRequest) -> tuple[str, Api]:
    return request.param, Api(request.param)


def cases(api: Api, name: str) -> Iterator[tuple[Operation, Any]]:
    """The generated calls of each operation, the same in each run."""
    config = schemathesis.Config.from_dict({"generation": {"allow-x00": False, "codec": "ascii"}})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        document = schemathesis.openapi.from_dict(api.document.data, config=config)
        known = {(one.method, one.template): one for one in api.compiled.operations}
        for index, result in enumerate(document.get_all_operations()):
            if index % EVERY.get(name, 1):
                continue
            operation = result.ok()
            for case in drawn(operation.as_strategy(generation_mode=GenerationMode.POSITIVE), index):
                yield known[operation.method.upper(), operation.path], case


def drawn(strategy: Any, number: int) -> list[Any]:
    """So many values, the same for the same number."""
    made: list[Any] = []

    @seed(number)
    @settings(
        max_examples=EACH,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(case: Any) -> None:
        made.append(case)

    collect()
    return made


def clean(value: Any) -> Any:
    if isinstance(value, str):
        return _CONTROL.sub("c", value)
    if isinstance(value, dict):
        return {clean(name): clean(inner) for name, inner in value.items()}
    return [clean(one) for one in value] if isinstance(value, list) else value


def segment(text: str) -> str:
    """A path segment that is one: schemathesis has percent-encoded it already."""
    plain = re.sub(r"[/\\%;]", "s", _CONTROL.sub("c", unquote(text)))
    return (
        "".join(f"%{octet:02X}" if not chr(octet).isalnum() else chr(octet) for octet in plain.strip(".").encode())
        or "d"
    )


def prepared(api: Api, operation: Operation, case: Any) -> bool:
    """Clean a call, and say whether the document still allows it and the wire can say it."""
    case.path_parameters = {name: segment(str(value)) for name, value in (case.path_parameters or {}).items()}
    case.query, case.headers = clean(dict(case.query or {})), clean(dict(case.headers or {}))
    told = {(one.location, one.name): (one, schema) for one, schema in api.parameters(operation)}
    for location, values in (("path", case.path_parameters), ("query", case.query), ("header", case.headers)):
        for name, value in list(values.items()):
            if not sayable_parameter(api, told.get((location, name)), unquote(value) if location == "path" else value):
                del values[name]
        if {name for (where, name), (one, _) in told.items() if where == location and one.required} - values.keys():
            return False
    return True


def sayable_parameter(api: Api, known: tuple[Parameter, Any] | None, value: Any) -> bool:
    """Whether the document allows a value still, and the wire has one way to write it.

    `deepObject` says nothing of arrays: `a=1&a=2`, which schemathesis writes, is taken as `a[]=1&a[]=2` alone. An empty
    text is taken as one only where `allowEmptyValue` says so.
    """
    if known is None or known[0].kind in {"array", "object", "any"} or value == "":
        return False
    return known[0].kind != "string" or api.written.allows(known[1], value)


def wire(case: Any) -> tuple[str, str, tuple[tuple[str, str], ...], bytes]:
    """Path, query, fields and body, as `requests` writes them."""
    told = case.as_transport_kwargs(base_url="https://api.example")
    parts = {name: told.get(name) for name in ("headers", "params", "data", "json", "cookies")}
    ready = requests.Request(told["method"], told["url"], **parts).prepare()
    url, body = urlsplit(str(ready.url)), ready.body or b""
    fields = ((k.lower(), v if isinstance(v, str) else v.decode()) for k, v in ready.headers.items())
    passed = tuple(one for one in fields if one[0] not in {"content-length", "user-agent", "cookie"})
    return url.path, url.query, passed, body.encode() if isinstance(body, str) else bytes(body)


def test_each_generated_call_that_the_document_allows_passes(named: tuple[str, Api]) -> None:
    name, api = named
    passed: Counter[str] = Counter()
    for operation, case in cases(api, name):
        if not prepared(api, operation, case):
            passed["left out"] += 1
            continue
        kind = (case.media_type or "").partition(";")[0].strip().lower()
        declared = operation.bodies.get(kind)
        if operation.method != "GET" and case.media_type and (declared is None or declared.validator is None):
            passed["unread"] += 1
            continue
        body, fields_of_body = b"", ()
        if declared is not None and isinstance(case.body, (dict, list)):
            schema = api.written.resolved(api.declared[operation.operation_id].raw["requestBody"])["content"]
            schema = schema[case.media_type]["schema"]
            case.body = api.written.closed(schema, sayable(clean(case.body)) if declared.form else clean(case.body))
            body = sendable(case.body, in_form=declared.form)
            if not api.written.allows(schema, case.body) or (not body and operation.body_required):
                passed["left out"] += 1
                continue
            fields_of_body = (("content-type", case.media_type),) if body else ()
        elif operation.body_required:
            passed["left out"] += 1
            continue
        path, query, fields, written = wire(case)
        if declared is not None and not declared.form and body:
            body = written
        fields = (*(one for one in fields if one[0] != "content-type"), *fields_of_body)
        try:
            send(api, operation, path, query, fields, body)
        except Refused as refused:
            raise AssertionError(
                (operation.operation_id, path, query, fields, body[:300], refused.reason, refused.faults)
            ) from None
        passed["passed"] += 1
    assert passed["passed"] >= FEWEST[name], passed


def send(
    api: Api, operation: Operation, path: str, query: str, fields: tuple[tuple[str, str], ...], body: bytes
) -> Any:
    match = api.table.match(operation.method, path)
    assert match.operation is operation
    request = api.request(operation.method, path, query, fields)
    return validate(attested(request, match, body), 32)
