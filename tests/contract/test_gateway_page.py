"""The examples of docs/gateway.md: each is refused with what the page says."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.gateway.minimise import minimise
from ringfence.gateway.stages import Attested, Authorized, Identified, Limited, Located, Valid
from ringfence.gateway.validate import validate
from ringfence.ids import CorrelationId
from ringfence.message import Peer, Request, Response, TraceContext
from ringfence.policy.document import parse_document
from ringfence.policy.model import ApiVersion, Demands, Upstream
from ringfence.policy.openapi import compile_document
from ringfence.policy.operations import Operation
from ringfence.policy.structure import read_policy
from ringfence.policy.yaml_source import read_yaml
from ringfence.problem import Reason, Refused
from ringfence.proofs.access_token import AccessToken

PAGE = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text("utf-8")
ROW = re.compile(r"^\| (?P<about>[^|]+) \| `(?P<example>[^`]+)` \| `(?P<reason>[a-z-]+)` \|$", re.MULTILINE)
EXAMPLES = [(m["example"], m["reason"]) for m in ROW.finditer(PAGE)]
TRACE = TraceContext("1", "1", sampled=False)
TOKEN = AccessToken("h", "j", "c", "u", "u", frozenset(), "g", Instant(0), Instant(9e9), Instant(0), "k", "", None, "")


def api() -> Operation:
    amount = {"type": "object", "properties": {"amount": {"type": "string"}}}
    parameters = [
        {"name": "page", "in": "query", "schema": {"type": "integer"}},
        {"name": "ids", "in": "query", "explode": False, "schema": {"type": "array", "items": {"type": "integer"}}},
    ]
    post = {
        "operationId": "pay",
        "parameters": parameters,
        "requestBody": {"content": {"application/json": {"schema": amount}}},
        "responses": {},
    }
    document = {
        "openapi": "3.0.3",
        "info": {"title": "T", "version": "1"},
        "security": [{"o": []}],
        "paths": {"/pay": {"post": post}},
    }
    version = ApiVersion(name="v", openapi="t", upstream=Upstream(url="http://u"), defaults=Demands(scopes=("s",)))
    return compile_document(parse_document(json.dumps(document).encode(), "t"), "a", version, {}).operations[0]


def send(query: str, body: bytes) -> None:
    request = Request(
        method="POST",
        scheme="https",
        authority="a",
        path="/pay",
        query=query,
        headers=(("content-type", "application/json"),) if body else (),
        body=b"",
        peer=Peer(""),
        correlation=CorrelationId("c"),
        trace=TraceContext("1", "1", sampled=False),
    )
    limited = Limited(Authorized(Identified(Located(request, api(), {}, "/pay"), TOKEN, None)), -1)
    validate(Attested(limited, body, body), 32)


def test_the_page_has_examples_and_good_calls_pass() -> None:
    assert len(EXAMPLES) >= 11
    send("page=1&ids=1,2", b'{"amount":"1.00"}')


@pytest.mark.parametrize(("example", "reason"), EXAMPLES)
def test_each_example_is_refused_with_what_the_page_says(example: str, reason: str) -> None:
    body = example[0] in "[{"
    with pytest.raises(Refused) as refused:
        send("" if body else example, example.encode() if body else b"")
    assert refused.value.reason.value == reason


def test_every_reason_on_the_page_is_one() -> None:
    named = set(re.findall(r"\| `([a-z]+(?:-[a-z]+)+)` \|$", PAGE, re.MULTILINE))
    assert named <= {reason.value for reason in Reason}
    assert {r.value for r in Reason if r.name.startswith(("SIGNATURE_", "BODY_SIGNATURE_"))} <= named


def test_the_pages_policy_is_one() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 3
    version = version_of(*blocks[:2])
    assert version.operations["createConsent"].upstream_body == "payload"
    assert version.responses.undeclared_member == "strip"


def version_of(*blocks: str) -> ApiVersion:
    indented = "".join("        " + line + "\n" for block in blocks for line in block.splitlines())
    policy = f"""\
version: 1
issuer: https://localhost:8443
listeners: {{public: {{port: 8443, tls: {{certificate: a, key: b}}}}}}
apis:
  - name: bank
    versions:
      - name: v1
        openapi: bank.yaml
        upstream: {{url: "http://127.0.0.1:9000"}}
{indented}on_outage: {{fast_state: refuse, records: refuse, events: refuse, upstream: refuse}}
"""
    return read_policy(read_yaml(policy.encode(), "page")).apis[0].versions[0]


MINIMISED = re.compile(r"^\| `(?P<permissions>[^`]+)`[^|]* \| `(?P<leaves>\{[^`]+)` \|$", re.MULTILINE)
LEAVES = [(m["permissions"], m["leaves"]) for m in MINIMISED.finditer(PAGE)]


@pytest.mark.parametrize(("permissions", "leaves"), LEAVES)
async def test_what_the_page_says_leaves_is_what_leaves(permissions: str, leaves: str) -> None:
    account = {"type": "object", "properties": {key: {} for key in ("AccountId", "Balance", "Identification")}}
    listed = {"type": "object", "properties": {"Account": {"type": "array", "items": account}}}
    schema = {"type": "object", "properties": {"Data": listed}}
    answers = {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "T", "version": "1"},
        "security": [{"o": []}],
        "paths": {"/accounts": {"get": {"operationId": "GetAccounts", "responses": answers}}},
    }
    version = version_of(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[2])
    (operation,) = compile_document(parse_document(json.dumps(document).encode(), "t"), "a", version, {}).operations
    request = Request("GET", "https", "a", "/accounts", "", (), b"", Peer(""), CorrelationId("c"), TRACE)
    detail = {"type": "account_access", "permissions": json.loads(permissions)}
    token = msgspec.structs.replace(TOKEN, authorization_details=(detail,))
    limited = Limited(Authorized(Identified(Located(request, operation, {}, "/accounts"), token, None)), -1)
    asked = re.search(r"^The API answers\n`(.*)`:$", PAGE, re.MULTILINE)
    assert asked
    upstream = Response(200, (("content-type", "application/json"),), asked[1].encode())
    minimal = await minimise(upstream, Valid(limited, b"", None, {}))
    assert minimal.response.body == leaves.encode()


def test_the_page_has_examples_of_minimisation() -> None:
    assert len(LEAVES) == 5
