import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from calls import operation

from ringfence.gateway.conform import Conformed, conform, declared_response
from ringfence.message import Response
from ringfence.policy.document import parse_document
from ringfence.policy.model import ApiVersion, Demands, Upstream
from ringfence.policy.openapi import compile_document
from ringfence.policy.operations import DeclaredResponse, Operation
from ringfence.policy.responses_model import Responses
from ringfence.problem import Reason, Refused

ACCOUNT = {
    "type": "object",
    "required": ["id", "secret"],
    "properties": {
        "id": {"type": "string"},
        "secret": {"type": "string", "writeOnly": True},
        "balance": {"type": "number"},
        "owner": {"oneOf": [{"$ref": "#/components/schemas/Person"}, {"$ref": "#/components/schemas/Company"}]},
        "parents": {"type": "array", "items": {"$ref": "#/components/schemas/Account"}},
        "notes": {
            "type": "object",
            "additionalProperties": {"type": "object", "properties": {"t": {"type": "string"}}},
        },
        "free": {"type": "object"},
    },
}
SCHEMAS = {
    "Account": ACCOUNT,
    "Person": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
    "Company": {"type": "object", "required": ["legal"], "properties": {"legal": {"type": "string"}}},
}
JSON = (("content-type", "application/json"),)


def declared(**rules: Any) -> Operation:
    paths = {
        "/a": {
            "get": {
                "operationId": "a",
                "responses": {
                    "200": {
                        "description": "ok",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Account"}},
                            "text/csv": {"schema": {"type": "string"}},
                        },
                    },
                    "204": {"description": "nothing"},
                    "4XX": {
                        "description": "wrong",
                        "content": {
                            "application/json": {
                                "schema": {"type": "object", "properties": {"code": {"type": "string"}}}
                            }
                        },
                    },
                    "409": {"description": "no content declared"},
                },
            }
        }
    }
    content = {
        "openapi": "3.0.3",
        "info": {"title": "T", "version": "1"},
        "security": [{"o": []}],
        "paths": paths,
        "components": {"schemas": SCHEMAS},
    }
    version = ApiVersion(
        name="v1",
        openapi="t.json",
        upstream=Upstream(url="http://u"),
        defaults=Demands(scopes=("s",)),
        responses=Responses(**rules),
    )
    compiled = compile_document(parse_document(json.dumps(content).encode(), "t.json"), "api", version, {})
    return compiled.operations[0]


def answer(document: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = JSON) -> Response:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Response(status, headers, body)


async def run(response: Response, method: str = "GET", **rules: Any) -> Conformed:
    return await conform(response, method, declared(**rules))


async def refused(response: Response, **rules: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await run(response, **rules)
    assert caught.value.reason is Reason.UPSTREAM_UNDECLARED
    return caught.value


async def test_an_answer_as_declared_leaves_as_the_octets_that_came() -> None:
    body = b'{ "id":"1", "balance":1.00, "owner":{"name":"A"}, "free":{"x":[1,{"y":2}]} }'
    conformed = await run(answer(body))
    assert conformed.response.body == body
    assert (conformed.stripped, conformed.differs) == ((), ())


async def test_undeclared_members_are_taken_away_and_named() -> None:
    body = (
        b'{"id":"1","secret":"s","balance":1.00,"internal":1,"owner":{"name":"A","ssn":"1"},'
        b'"parents":[{"id":"2","x/y":1}],"notes":{"n":{"t":"t","u":1}}}'
    )
    headers = (*JSON, ("etag", '"1"'), ("content-digest", "x"), ("content-length", "9"), ("x-kept", "1"))
    conformed = await run(Response(200, headers, body))
    assert json.loads(conformed.response.body) == {
        "id": "1",
        "balance": 1.0,
        "owner": {"name": "A"},
        "parents": [{"id": "2"}],
        "notes": {"n": {"t": "t"}},
    }
    assert b'"balance":1.00' in conformed.response.body
    assert set(conformed.stripped) == {
        *("/secret", "/internal", "/owner/ssn"),
        *("/parents/0/x~1y", "/notes/n/u"),
    }
    assert [name for name, _ in conformed.response.headers] == ["content-type", "x-kept"]


async def test_members_that_any_branch_declares_stay() -> None:
    conformed = await run(answer({"id": "1", "owner": {"name": "A", "legal": "B", "x": 1}}))
    assert json.loads(conformed.response.body)["owner"] == {"name": "A", "legal": "B"}
    assert "oneOf /owner" in conformed.differs


@pytest.mark.parametrize(
    ("treatment", "kept", "differs"), [("report", True, ("member /internal",)), ("pass", True, ())]
)
async def test_undeclared_members_that_may_pass(treatment: str, kept: bool, differs: tuple[str, ...]) -> None:
    conformed = await run(answer({"id": "1", "internal": 1}), undeclared_member=treatment)
    assert ("internal" in json.loads(conformed.response.body)) is kept
    assert (conformed.stripped, conformed.differs) == ((), differs)


async def test_undeclared_members_refused() -> None:
    why = await refused(answer({"id": "1", "internal": "Alice"}), undeclared_member="refuse")
    assert "/internal" in why.private
    assert "Alice" not in why.private


async def test_wrong_types_as_the_policy_says() -> None:
    wrong = answer({"id": "1", "balance": "Alice"})
    assert (await run(wrong)).differs == ("type /balance",)
    assert (await run(wrong, wrong_type="pass")).differs == ()
    stripped = await run(wrong, wrong_type="strip")
    assert json.loads(stripped.response.body) == {"id": "1"}
    assert stripped.stripped == ("/balance",)
    assert "Alice" not in (await refused(wrong, wrong_type="refuse")).private
    await refused(answer({"id": 1}), wrong_type="strip")  # what is required cannot be taken away
    await refused(answer([1]), wrong_type="strip")


async def test_an_undeclared_status() -> None:
    odd = answer({"id": "1"}, 302)
    assert (await run(odd)).differs == ("status 302",)
    assert (await run(odd, undeclared_status="pass")).differs == ()
    stripped = await run(odd, undeclared_status="strip")
    assert (stripped.response.body, stripped.stripped, stripped.response.headers) == (b"", ("",), ())
    await refused(odd, undeclared_status="refuse")
    assert (await run(Response(304, ()), undeclared_status="strip")).response.status == 304
    await refused(Response(304, ()), undeclared_status="refuse")
    assert (await run(answer({}, 200), "HEAD")).differs == ()


async def test_an_undeclared_media_type() -> None:
    page = Response(200, (("content-type", "text/html; charset=utf-8"),), b"<html>")
    assert (await run(page)).differs == ("media type 200",)
    assert (await run(page, undeclared_status="strip")).response.body == b""
    await refused(page, undeclared_status="refuse")
    assert (await run(Response(200, (("content-type", "Text/CSV"),), b"a,b"))).differs == ()


@pytest.mark.parametrize("status", [404, 409, 418])
async def test_pages_and_stack_traces_do_not_leave(status: int) -> None:
    page = Response(status, (("content-type", "text/html"),), b"<pre>Traceback (most recent call last)")
    conformed = await run(page)
    assert (conformed.response.body, conformed.stripped) == (b"", ("",))
    spring = answer({"code": "x", "status": 404, "trace": "java.lang.NullPointerException\n\tat bank.Ledger"}, status)
    conformed = await run(spring)
    assert b"NullPointer" not in conformed.response.body
    assert json.loads(conformed.response.body)["code"] == "x"
    assert "/trace" in conformed.stripped
    torn = Response(status, JSON, b'{"trace": "x"')
    if status == 409:
        assert (await run(torn)).response.body == b""
    else:
        await refused(torn)


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_a_streamed_answer_is_read_within_the_limit() -> None:
    conformed = await run(Response(200, JSON, pieces(b'{"id":', b'"1","x":1}')))
    assert conformed.response.body == b'{"id":"1"}'
    long = b'{"id":"' + b"x" * 2000 + b'"}'
    await refused(Response(200, JSON, pieces(long[:500], long[500:])), max_bytes=1024)
    await refused(answer(long), max_bytes=1024)
    passed = await run(
        Response(200, JSON, pieces(long[:1500], long[1500:])), max_bytes=1024, undeclared_member="report"
    )
    assert passed.differs == ("length",)
    assert not isinstance(passed.response.body, bytes)
    assert b"".join([piece async for piece in passed.response.body]) == long
    error = await run(Response(409, JSON, pieces(long)), max_bytes=1024)
    assert error.response.body == b""


@pytest.mark.parametrize("body", [b"", b"{", b'{"id":"1","id":"2"}', b"\xff", b"[" * 100 + b"]" * 100, b"NaN"])
async def test_what_has_no_one_meaning_is_not_passed_where_something_is_guarded(body: bytes) -> None:
    await refused(answer(body))
    passed = await run(answer(body), undeclared_member="report")
    assert (passed.response.body, passed.differs) == (body, ("json",))


async def test_null_is_json() -> None:
    assert (await run(answer(b"null"))).differs == ("type ",)


async def test_nothing_is_looked_at_where_everything_passes() -> None:
    odd = answer(b"{", 299)
    rules = {"undeclared_status": "pass", "undeclared_member": "pass", "wrong_type": "pass"}
    assert (await run(odd, **rules)).response is odd
    assert (await conform(odd, "GET", operation())).response is odd


def test_the_most_exact_status_wins() -> None:
    exact, kind, default = DeclaredResponse({"a": None}), DeclaredResponse({"b": None}), DeclaredResponse({"c": None})  # type: ignore[dict-item]
    responses = {"200": exact, "2XX": kind, "default": default}
    assert declared_response(200, responses) is exact
    assert declared_response(201, responses) is kind
    assert declared_response(500, responses) is default
    assert declared_response(500, {"200": exact}) is None
