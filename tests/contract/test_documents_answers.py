"""What APIs may answer by the public documents leaves as it came; what they may not is stripped, refused or reported.

The document as another reader reads it decides, as for bodies. Then some calls of each document go through the whole
chain, with an API that answers as its document says.
"""

import json
import random
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from ringfence.app.gateway_ports import OpenGateway, open_gateway
from ringfence.clock import system_clock
from ringfence.gateway.conform import Conformed, conform, declared_response
from ringfence.gateway.prune import POINTER_CHARACTERS
from ringfence.message import Headers, Request, Response
from ringfence.policy.load import load
from ringfence.policy.mistakes import PolicyMistakes
from ringfence.policy.model import Upstream
from ringfence.policy.operations import Operation
from ringfence.policy.responses_model import Responses
from ringfence.problem import Reason, Refused
from tests.changed_values import Change, changes
from tests.contract.test_public_documents import NAMES, SHARED, Api
from tests.generated_calls import candidates
from tests.installed_api import ISSUER, call_headers, install, publish
from tests.unit.gateway.caller import Caller
from tests.written_schema import WrittenSchemas

EVERY = {"stripe.json": 48, "bg-psd2-1.3.11.yaml": 4}
"""Of some documents one operation in so many: Stripe's answers describe half the document each."""
CHANGED = 4
"""Changes of one answer that are tried."""
FLOOR = {
    "adyen-CheckoutService-v72.json": {"as declared": 150, "type": 300, "status": 80},
    "bg-psd2-1.3.11.yaml": {"as declared": 100, "member": 20, "type": 100, "status": 15},
    "stripe.json": {"as declared": 20, "member": 8, "type": 30},
    "uk-account-info.yaml": {"as declared": 100, "member": 20, "type": 100, "status": 50},
    "uk-payment-initiation.yaml": {"as declared": 200, "member": 20, "type": 200, "status": 80},
    "uk-v3.1.11-account-info.yaml": {"as declared": 100, "type": 100, "status": 50},
    "uk-v3.1.11-payment-initiation.yaml": {"as declared": 200, "type": 200, "status": 80},
}
"""What was tried, at least; where a document says `additionalProperties: false` a member too many is a wrong value."""
JSON: Headers = (("content-type", "application/json"),)
CALLER = Caller()


class Answers:
    """A document's answers, as they are written."""

    def __init__(self, name: str) -> None:
        self.api = Api(name, Responses())
        self.written = WrittenSchemas(self.api.document.data, answers=True)
        self.operations = self.api.compiled.operations[:: EVERY.get(name, 1)]

    def schemas(self, operation: Operation) -> Iterator[tuple[int, Any]]:
        """Status and schema of each JSON answer that is declared."""
        for status, raw in self.api.declared[operation.operation_id].raw["responses"].items():
            content = self.written.resolved(raw).get("content", {})
            for media, one in content.items():
                if media.partition(";")[0].strip() == "application/json" and "schema" in one:
                    yield 500 if status == "default" else int(str(status).replace("XX", "00")), one["schema"]
                    break

    def allowed(self, schema: Any) -> Any:
        """A value that the document allows, the fullest that was found; None where none was."""
        for made in candidates(self.api.document.data, schema, "writeOnly"):
            value = self.written.closed(schema, made)
            if self.written.allows(schema, value):
                return value
        return None


@pytest.fixture(scope="module", params=NAMES)
def named(request: pytest.FixtureRequest) -> tuple[str, Answers]:
    return request.param, Answers(request.param)


Treatment = Literal["strip", "refuse", "report"]


async def held(operation: Operation, status: int, value: Any, treatment: Treatment) -> Conformed | Reason:
    """What becomes of an answer where everything that differs is treated so."""
    rules = Responses(undeclared_status=treatment, undeclared_member=treatment, wrong_type=treatment)
    asked = msgspec.structs.replace(operation, response_rules=rules)
    try:
        return await conform(Response(status, JSON, json.dumps(value).encode()), operation.method, asked)
    except Refused as refused:
        return refused.reason


def pointer(at: tuple[str | int, ...]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in at)


async def differing(
    answers: Answers, operation: Operation, status: int, schema: Any, value: Any, change: Change
) -> str:
    """Hold an answer with one change against the document, in every treatment; return what was wrong with it."""
    other = change.of(value)
    extra = [pointer(at) for at in answers.written.undeclared([schema], other)]
    wrong = not answers.written.allows(schema, other)
    told = (operation.operation_id, status, change.at, str(change.new)[:80], extra)
    refused, reported = [await held(operation, status, other, one) for one in ("refuse", "report")]
    stripped = await held(operation, status, other, "strip")
    assert isinstance(reported, Conformed), told
    assert reported.response.body == json.dumps(other).encode(), told
    if not wrong and not extra:
        assert isinstance(refused, Conformed), told
        assert isinstance(stripped, Conformed), told
        assert (reported.differs, reported.stripped, stripped.stripped, refused.stripped) == ((), (), (), ()), told
        return "as declared"
    assert refused is Reason.UPSTREAM_UNDECLARED, told
    assert reported.differs, told
    if extra and not wrong:
        assert isinstance(stripped, Conformed), told
        assert sorted(stripped.stripped) == sorted(one[:POINTER_CHARACTERS] for one in extra), told
        left = json.loads(bytes(stripped.response.body))  # type: ignore[arg-type]
        assert not list(answers.written.undeclared([schema], left)), told
        return "member"
    if isinstance(stripped, Conformed):  # what was wrong could be taken out; otherwise it was refused
        left = json.loads(bytes(stripped.response.body))  # type: ignore[arg-type]
        assert answers.written.allows(schema, left), told
        assert stripped.stripped, told
    else:
        assert stripped is Reason.UPSTREAM_UNDECLARED, told
    return "type"


async def test_what_is_declared_leaves_as_it_came_and_nothing_else_does(named: tuple[str, Answers]) -> None:
    name, answers = named
    draw, tried = random.Random(name), Counter[str]()
    for operation in answers.operations:
        for status, schema in answers.schemas(operation):
            value = answers.allowed(schema)
            if value is None:
                tried["no value"] += 1
                continue
            assert await differing(answers, operation, status, schema, value, Change((), value)) == "as declared"
            tried["as declared"] += 1
            found = [one for one in changes(value, ({"deep": 1}, "no such text", 7), added=True) if one.at != ()]
            grown = [one for one in found if isinstance(one.new, dict) and "isAdmin" in one.new]
            if isinstance(value, dict):
                grown.append(Change((), {**value, "isAdmin": True}))
            for change in (*draw.sample(found, min(CHANGED, len(found))), *draw.sample(grown, min(2, len(grown)))):
                tried[await differing(answers, operation, status, schema, value, change)] += 1
        for status in (299, 418, 507):
            if declared_response(status, operation.responses) is None:
                assert await held(operation, status, {"a": 1}, "refuse") is Reason.UPSTREAM_UNDECLARED
                stripped = await held(operation, status, {"a": 1}, "strip")
                assert isinstance(stripped, Conformed)
                assert stripped.response.body == b""
                tried["status"] += 1
    assert {what: tried[what] for what, count in FLOOR[name].items() if tried[what] < count} == {}, tried
    assert tried["no value"] <= tried["as declared"] / 20, tried


class Upstreams:
    """An API that answers what it is told to."""

    def __init__(self) -> None:
        self.answer = Response(200, ())
        self.sent: list[tuple[str, str, bytes]] = []

    async def send(
        self, name: str, upstream: Upstream, method: str, target: str, headers: Headers, body: bytes
    ) -> Response:
        self.sent.append((method, target, body))
        return self.answer


def installed(directory: Path, name: str) -> Path:
    """An installation of one document, each of its faults waived by name."""
    policy = install(directory)
    assert SHARED is not None
    shutil.copy(SHARED / name, directory / name)
    text = policy.read_text().replace("openapi: bank.yaml", f"openapi: {name}")
    policy.write_text(text)
    try:
        load(policy)
    except PolicyMistakes as why:
        faults = sorted(set(re.findall(r": ([a-z0-9-]+) at /", str(why))))
        waivers = "".join(f'{{fault: {one}, at: "/*", reason: a public document}}, ' for one in faults)
        policy.write_text(text.replace("        defaults:", f"        waivers: [{waivers}]\n        defaults:"))
    publish(policy, CALLER)
    return policy


async def call(opened: OpenGateway, request: Request, body: bytes) -> Response:
    path = request.path
    own = call_headers(CALLER, system_clock(), request.method, path).items()
    asked = msgspec.structs.replace(
        request, authority=ISSUER.removeprefix("https://"), headers=(*request.headers, *own)
    )

    async def read(limit: int) -> bytes:
        assert len(body) <= limit
        return body

    return await opened.gateway(asked, read)


async def test_calls_of_each_document_go_through_the_whole_chain(tmp_path: Path, named: tuple[str, Answers]) -> None:
    name, answers = named
    api, upstream, tried = answers.api, Upstreams(), Counter[str]()
    async with AsyncExitStack() as stack:
        opened = await open_gateway(installed(tmp_path, name), "gateway-0", upstream, stack)
        callable_ones = [one for one in api.compiled.operations if one.operation_id != "PostFiles"]
        for operation in callable_ones[:: -(-len(callable_ones) // 10)]:
            kind, data, _ = api.good_body(operation)
            request = api.written_request(operation, {}, kind if data else "")
            for status, schema in answers.schemas(operation):
                if status < 300 and (value := answers.allowed(schema)) is not None:
                    upstream.answer = Response(status, JSON, json.dumps(value).encode())
                    answer = await call(opened, request, data)
                    assert (answer.status, answer.body) == (status, upstream.answer.body), operation.operation_id
                    method, target, body = upstream.sent[-1]
                    assert (method, body) == (operation.method, data)
                    assert target.partition("?")[0] == request.path
                    tried["passed"] += 1
            sent = len(upstream.sent)
            if data:
                answer = await call(opened, request, data[:-1] if kind == "application/json" else data + b"&isAdmin=1")
                assert answer.status == 400
                assert json.loads(bytes(answer.body))["type"].startswith("urn:ringfence:problem:")  # type: ignore[arg-type]
                tried["refused"] += 1
            assert len(upstream.sent) == sent
    assert tried["passed"] >= 5, tried
