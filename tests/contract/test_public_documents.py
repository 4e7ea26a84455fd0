"""Every public document at hand, compiled and called: a valid call passes, an invalid one is refused for its own reason."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.gateway.stages import Attested, Authorized, Identified, Limited, Located
from ringfence.gateway.validate import validate
from ringfence.ids import CorrelationId
from ringfence.message import Headers, Peer, Request, TraceContext
from ringfence.policy.document import Document, load_document
from ringfence.policy.model import ApiVersion, Demands, Upstream
from ringfence.policy.openapi import CompiledDocument, Declared, compile_document
from ringfence.policy.operations import Match, Operation, Parameter
from ringfence.policy.responses_model import Responses
from ringfence.policy.routes import RouteTable
from ringfence.problem import Reason, Refused
from ringfence.proofs.access_token import AccessToken
from tests.generated_calls import Giver, broken, candidates, form
from tests.written_schema import WrittenSchemas

SHARED = next((p / "shared" / "openapi" for p in Path(__file__).parents if (p / "shared" / "openapi").is_dir()), None)
NAMES = sorted(path.name for path in SHARED.iterdir()) if SHARED is not None else ["absent"]
FILES_ONLY = {"PostFiles"}
"""Operations that take `multipart/form-data` alone, which is not read: no call of them passes."""
FORM = "application/x-www-form-urlencoded"
JSON_REASONS = {Reason.BODY_INVALID}
TOKEN = AccessToken(
    "h", "j", "c", "u", "u", frozenset(), "g", Instant(0), Instant(9e9), Instant(0), "k" * 43, "", None, ""
)


PASS = Responses(undeclared_status="pass", undeclared_member="pass", wrong_type="pass")


class Api:
    """One document, compiled, and as it is written."""

    def __init__(self, named: str | Document, responses: Responses = PASS) -> None:
        if isinstance(named, str) and SHARED is None:
            pytest.skip("the public documents in ../shared/openapi are absent")
        self.document: Document = load_document(SHARED / named) if isinstance(named, str) and SHARED else named  # type: ignore[assignment]
        version = ApiVersion(
            name="v",
            openapi="document",
            upstream=Upstream(url="http://u"),
            defaults=Demands(scopes=("s",)),
            responses=responses,
        )
        self.compiled: CompiledDocument = compile_document(self.document, "api", version, {}, whole=False)
        self.declared: dict[str, Declared] = {one.operation_id: one for one in self.compiled.declared}
        self.table = RouteTable()
        for operation in self.compiled.operations:
            self.table.add(operation, "")
        self.bodies: dict[str, tuple[str, bytes, Any]] = {}
        self.giver = Giver(self.document.data, everything=True)
        self.written = WrittenSchemas(self.document.data)

    def parameters(self, operation: Operation) -> Iterator[tuple[Parameter, Any]]:
        """The compiled parameters, each with its schema as written."""
        one = self.declared[operation.operation_id]
        raws = [self.giver.resolved(raw) for raw in (*one.shared_parameters, *one.raw.get("parameters", []))]
        for parameter in operation.parameters:
            named = {raw["name"]: raw for raw in raws if raw["in"] == parameter.location}
            raw = named.get(parameter.name) or named[parameter.name.removesuffix("[]")]
            yield parameter, raw.get("schema", {})

    def send(
        self,
        operation: Operation,
        changes: dict[str, Any],
        kind: str = "",
        body: bytes = b"",
        more: str = "",
        without: str = "",
    ) -> Any:
        """Put a call with every required parameter but `without` through matching and validation."""
        request = self.written_request(operation, changes, kind, more, without)
        match = self.table.match(operation.method, request.path)
        assert match.operation is operation
        return validate(located(request, match, body), 32)

    def written_request(
        self, operation: Operation, changes: dict[str, Any], kind: str = "", more: str = "", without: str = ""
    ) -> Request:
        """A call with every required parameter but `without`, as it comes."""
        path, query, headers = operation.template, [], [("content-type", kind)] if kind else []
        for parameter, schema in self.parameters(operation):
            where = f"{parameter.location}.{parameter.name}"
            if where == without or (not parameter.required and where not in changes):
                continue
            value = changes.get(where, self.giver.value(schema))
            text = ",".join(map(str, value)) if isinstance(value, list) else _text(value)
            if parameter.location == "path":
                path = path.replace(f"{{{parameter.name}}}", quote(text, safe=""))
            elif parameter.location == "query":
                query += form(value, parameter.name) if isinstance(value, dict) else [(parameter.name, text)]
            else:
                headers.append((parameter.name.lower(), text))
        raw_query = urlencode(query, quote_via=quote) + more
        return self.request(operation.method, path, raw_query.lstrip("&"), tuple(headers))

    def request(self, method: str, path: str, query: str, headers: Headers) -> Request:
        """A request as the way in hands it on."""
        return Request(
            method=method,
            scheme="https",
            authority="api.example",
            path=path,
            query=query,
            headers=headers,
            body=b"",
            peer=Peer(""),
            correlation=CorrelationId("c"),
            trace=TraceContext("1", "1", sampled=False),
        )

    def refusal(self, *args: Any, **kwargs: Any) -> Refused:
        with pytest.raises(Refused) as refused:
            self.send(*args, **kwargs)
        return refused.value

    def good_body(self, operation: Operation) -> tuple[str, bytes, Any]:
        """Return media type, octets and document of a valid body, or nothing where the operation takes none."""
        if operation.operation_id not in self.bodies:
            self.bodies[operation.operation_id] = self._good_body(operation)
        return self.bodies[operation.operation_id]

    def _good_body(self, operation: Operation) -> tuple[str, bytes, Any]:
        for kind, body in operation.bodies.items():
            if body.validator is None:
                continue
            raw = self.giver.resolved(self.declared[operation.operation_id].raw["requestBody"])["content"]
            schema = next(m["schema"] for name, m in raw.items() if name.partition(";")[0].strip().lower() == kind)
            for made in candidates(self.document.data, schema):
                value = self.written.closed(schema, made)
                if not self.written.allows(schema, value):
                    continue  # the document decides, not the gateway
                data = urlencode(form(value), quote_via=quote).encode() if body.form else json.dumps(value).encode()
                self.send(operation, {}, kind if data else "", data)
                return kind, data, value
            raise AssertionError(f"no valid body was found for {operation.operation_id}")
        return "", b"", None


def located(request: Request, match: Match, body: bytes) -> Attested:
    """A call that has come as far as its description: it is whose it says, and within its limits."""
    found = Located(request, match.operation, match.path_parameters, match.rest)
    return Attested(Limited(Authorized(Identified(found, TOKEN, None)), -1), body, body)


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


@pytest.fixture(scope="module", params=NAMES)
def api(request: pytest.FixtureRequest) -> Api:
    return Api(request.param)


def callable_operations(api: Api) -> list[Operation]:
    """Operations that can be called at all: some take XML or files only, and need a body."""
    return [
        operation
        for operation in api.compiled.operations
        if not operation.body_required or any(body.validator for body in operation.bodies.values())
    ]


def test_each_operation_takes_a_valid_call(api: Api) -> None:
    called = set()
    for operation in callable_operations(api):
        kind, data, _ = api.good_body(operation)
        valid = api.send(operation, {}, kind if data else "", data)
        assert valid.body == data
        called.add(operation.operation_id)
    assert {one.operation_id for one in api.compiled.operations} - called == FILES_ONLY & api.declared.keys()


def test_each_body_with_one_thing_wrong_is_refused_for_it(api: Api) -> None:
    tried = 0
    for operation in callable_operations(api):
        kind, data, document = api.good_body(operation)
        if not data or kind == FORM:
            continue
        body = operation.bodies[kind]
        assert body.validator is not None
        for at, wrong in broken(document):
            if body.validator.is_valid(wrong):
                continue  # a place that the document leaves open: `{}`, or several types
            refused = api.refusal(operation, {}, kind, json.dumps(wrong).encode())
            assert refused.reason is Reason.BODY_INVALID, operation.operation_id
            assert refused.faults
            assert any(at.startswith(fault.at) for fault in refused.faults), (
                operation.operation_id,
                at,
                refused.faults,
            )
            tried += 1
        one = json.dumps(document).encode()
        for bad, reason in (
            (one[:-1], Reason.JSON_MALFORMED),
            (one + b" x", Reason.JSON_MALFORMED),
            (b"\xef\xbb\xbf" + one, Reason.JSON_MALFORMED),
            (one.decode().encode("utf-16"), Reason.JSON_MALFORMED),
            (b'{"a":1,"a":2}', Reason.JSON_DUPLICATE_KEY),
            (b'{"a":"\\ud800"}', Reason.JSON_MALFORMED),
            (b'{"a":NaN}', Reason.JSON_MALFORMED),
            (b'{"a":1e999}', Reason.JSON_MALFORMED),
            (b'{"a":"e\\u0301"}', Reason.TEXT_NOT_NORMAL),
            (b"[" * 40 + b"]" * 40, Reason.JSON_TOO_DEEP),
        ):
            assert api.refusal(operation, {}, kind, bad).reason is reason
        assert api.refusal(operation, {}, "application/xml", b"<a/>").reason is Reason.MEDIA_TYPE
        assert api.refusal(operation, {}, f"{kind}; charset=utf-16", one).reason is Reason.MEDIA_TYPE
    assert tried or not any(k != FORM and b.validator for o in api.compiled.operations for k, b in o.bodies.items())


def test_members_that_no_document_declares_are_refused_on_every_write(api: Api) -> None:
    for operation in callable_operations(api):
        kind, data, document = api.good_body(operation)
        if kind == FORM:
            more = data + (b"&" if data else b"") + b"isAdmin=true"
            assert api.refusal(operation, {}, kind, more).reason is Reason.BODY_INVALID, operation.operation_id
            twice = data + (b"&" if data else b"") + b"isAdmin=1&isAdmin=2"
            assert api.refusal(operation, {}, kind, twice).reason in {Reason.PARAMETER_DUPLICATE, Reason.BODY_INVALID}
        elif isinstance(document, dict) and not _open(api, operation, kind):
            wrong = json.dumps({**document, "isAdmin": True}).encode()
            assert api.refusal(operation, {}, kind, wrong).reason is Reason.BODY_INVALID, operation.operation_id


def _open(api: Api, operation: Operation, kind: str) -> bool:
    raw = api.giver.resolved(api.declared[operation.operation_id].raw["requestBody"])["content"]
    schema = next(m["schema"] for name, m in raw.items() if name.partition(";")[0].strip().lower() == kind)
    more = api.giver.resolved(schema).get("additionalProperties", False)
    return more is True or isinstance(more, dict)


def test_each_parameter_is_held_against_its_schema(api: Api) -> None:
    for operation in callable_operations(api):
        kind, data, _ = api.good_body(operation)
        good = (kind if data else "", data)
        if operation.unknown_query == "refuse":
            assert api.refusal(operation, {}, *good, more="&nobody=1").reason is Reason.PARAMETER_UNKNOWN
        for parameter, schema in api.parameters(operation):
            where = f"{parameter.location}.{parameter.name}"
            value = api.giver.value(schema)
            if parameter.kind in {"integer", "number", "boolean"}:
                refused = api.refusal(operation, {where: "x1"}, *good)
                assert refused.reason is Reason.PARAMETER_INVALID, where
                assert refused.faults[0].at.startswith(where)
            if parameter.location == "query" and parameter.kind in {"string", "integer", "number", "boolean"}:
                pair = f"&{quote(parameter.name)}={quote(_text(value))}"
                refused = api.refusal(operation, {where: value}, *good, more=pair)
                assert refused.reason is Reason.PARAMETER_DUPLICATE, where
            longest = api.giver.resolved(schema).get("maxLength")
            if longest and parameter.kind == "string" and longest < 2000:
                refused = api.refusal(operation, {where: "x" * (longest + 1)}, *good)
                assert refused.reason is Reason.PARAMETER_INVALID, where


def test_a_call_without_what_is_required_is_refused(api: Api) -> None:
    for operation in callable_operations(api):
        if operation.body_required:
            kind = next(kind for kind, body in operation.bodies.items() if body.validator is not None)
            assert api.refusal(operation, {}, kind, b"").reason is Reason.BODY_MISSING
        if not operation.bodies:
            assert api.refusal(operation, {}, "application/json", b"{}").reason is Reason.BODY_UNEXPECTED


def test_the_policy_form_of_an_operation_is_plain_data(api: Api) -> None:
    """What the gateway holds has no part of the document in it that a caller could change."""
    assert all(isinstance(operation, msgspec.Struct) for operation in api.compiled.operations)
