"""The treatments of answers in docs/gateway.md, and what its prose says of bodies, forms and paths."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ringfence.gateway.bodies import asked_body, fitting, read
from ringfence.gateway.conform import Conformed, conform
from ringfence.gateway.wire import read_request
from ringfence.ids import CorrelationId, system_random
from ringfence.message import Peer, Request, Response
from ringfence.policy.document import parse_document
from ringfence.policy.model import ApiVersion, Demands, Upstream
from ringfence.policy.openapi import compile_document
from ringfence.policy.operations import Operation
from ringfence.policy.responses_model import Responses
from ringfence.problem import Reason, Refused

PAGE = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text("utf-8")
TREATMENTS = re.findall(r"^\| `(strip|refuse|report|pass)` \| ([^|]+) \|$", PAGE, re.MULTILINE)
FORM = "application/x-www-form-urlencoded"
TEXT = {"type": "string"}
CARD = {"type": "object", "properties": {"exp_month": {"type": "integer"}, "postal_code": TEXT}}
PRICE = {"type": "object", "properties": {"price": TEXT}}
ADDRESS = {"type": "object", "properties": {"street": TEXT, "town": TEXT}}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "card": CARD,
        "items": {"type": "array", "items": PRICE},
        "ids": {"type": "array", "items": {"type": "integer"}},
        "deep": {"type": "object", "additionalProperties": True},
        "kind": {"enum": ["a", {"b": 1}]},
        "amount": {"type": "number"},
        "home": ADDRESS,
    },
    "allOf": [{"properties": {"home": {"required": ["street"]}}}],
}


def operation(**responses: Any) -> Operation:
    encoding = {"ids": {"style": "pipeDelimited", "explode": False}, "deep": {"contentType": "application/json"}}
    content = {
        "application/json": {"schema": SCHEMA},
        "application/xml": {"schema": SCHEMA},
        FORM: {"schema": SCHEMA, "encoding": encoding},
    }
    answer = {"type": "object", "properties": {"id": TEXT, "of": {"oneOf": [ADDRESS, PRICE]}}}
    answers = {
        "200": {"description": "ok", "content": {"application/json": {"schema": answer}}},
        "201": {"description": "made"},
    }
    post = {"operationId": "pay", "requestBody": {"content": content}, "responses": answers}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "T", "version": "1"},
        "security": [{"o": []}],
        "paths": {"/pay/{id}": {"parameters": [{"name": "id", "in": "path", "required": True, "schema": TEXT}], "post": post}},
    }  # fmt: skip
    version = ApiVersion(
        name="v",
        openapi="t",
        upstream=Upstream(url="http://u"),
        defaults=Demands(scopes=("s",)),
        responses=Responses(**responses),
    )
    parsed = parse_document(json.dumps(document).encode(), "t")
    return compile_document(parsed, "a", version, {}, whole=False).operations[0]


def arrives(target: str = "/pay/1", **fields: str) -> Request:
    """The request as the way in reads it.  Raises Refused."""
    named = [(b"host", b"a"), *((n.replace("_", "-").encode(), v.encode()) for n, v in fields.items())]
    correlation = CorrelationId("c")
    return read_request(
        "POST",
        target.encode(),
        named,
        max_header_bytes=9999,
        correlation=correlation,
        random=system_random,
        peer=Peer(""),
    ).request


def body_of(content: str, media: str = FORM) -> Any:
    """The body as it is taken.  Raises Refused."""
    asked = asked_body(arrives(content_type=media), content.encode(), operation())
    assert asked is not None
    return fitting(asked, read(asked, content.encode(), 32))


def reason(*args: Any, **kwargs: Any) -> Reason:
    with pytest.raises(Refused) as refused:
        body_of(*args, **kwargs)
    return refused.value.reason


ANSWER = {"id": "1", "internal": True}


@pytest.mark.parametrize(("treatment", "about"), TREATMENTS)
async def test_each_treatment_does_what_its_row_says(treatment: str, about: str) -> None:
    """A member, a status and a value that the document does not have."""
    asked = operation(undeclared_status=treatment, undeclared_member=treatment, wrong_type=treatment)
    json_type = (("content-type", "application/json"),)
    for status, told, left, pointer, words in (
        (200, ANSWER, {"id": "1"}, "/internal", "/internal"),
        (203, {"id": "1"}, None, "", "status 203"),
        (200, {"id": "1", "of": 7}, {"id": "1"}, "/of", "/of"),
    ):
        response = Response(status, json_type, json.dumps(told).encode())
        if treatment == "refuse":
            with pytest.raises(Refused) as refused:
                await conform(response, "POST", asked)
            assert (refused.value.reason, refused.value.status) == (Reason.UPSTREAM_UNDECLARED, 502), about
            assert "internal" not in f"{refused.value.detail}{refused.value.faults}"
            continue
        conformed = await conform(response, "POST", asked)
        if treatment == "strip":
            assert (json.loads(bytes(conformed.response.body or b"null")), conformed.stripped) == (left, (pointer,))  # type: ignore[arg-type]
        else:
            assert conformed.response.body == response.body, about
            assert conformed.stripped == ()
            assert any(words in one for one in conformed.differs) is (treatment == "report"), conformed.differs
            assert not any("7" in one or "True" in one for one in conformed.differs)


async def test_what_the_page_says_of_answers_beside_the_table() -> None:
    assert [name for name, _ in TREATMENTS] == ["strip", "refuse", "report", "pass"]
    json_type = (("content-type", "application/json"),)

    async def left(told: Any, status: int = 200, headers: Any = json_type) -> Conformed:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        return await conform(Response(status, headers, body), "POST", operation())

    both = {"id": "1", "of": {"street": "a", "price": "b"}}
    assert (await left(both)).stripped == (), "members that any branch of a `oneOf` declares are declared"
    exact = b'{ "id" :"1" }'
    assert (await left(exact)).response.body is exact
    for body in (b'{"id":"1","id":"2"}', b"[" * 99, json.dumps({"id": "x" * 1_100_000}).encode()):
        with pytest.raises(Refused) as refused:
            await left(body)
        assert refused.value.reason is Reason.UPSTREAM_UNDECLARED
    failed = await left({"code": "x", "trace": "java.lang"}, 400)
    assert json.loads(bytes(failed.response.body)) == {"code": "x"}  # type: ignore[arg-type]
    assert (await left(b"<html>java.lang", 400, (("content-type", "text/html"),))).response.body == b""
    assert (await left({"anything": 1}, 201)).stripped == (), "a declared response without content is not looked into"


@pytest.mark.parametrize(
    ("content", "taken"),
    [
        ("card[exp_month]=7", {"card": {"exp_month": 7}}),
        ("items[0][price]=p", {"items": [{"price": "p"}]}),
        ("card[exp_month]=7&card[postal_code]=01234", {"card": {"exp_month": 7, "postal_code": "01234"}}),
        ("ids=1%7C2", {"ids": [1, 2]}),
        ("card[exp_month]=7&card[exp_month]=8", None),
        ("deep=%7B%22a%22%3A%5B1%5D%7D", {"deep": {"a": [1]}}),
    ],
)
def test_forms_are_read_as_the_page_says(content: str, taken: Any) -> None:
    if taken is None:
        assert reason(content) is Reason.PARAMETER_DUPLICATE
    else:
        assert body_of(content) == taken


def test_the_page_has_the_forms_examples() -> None:
    for example in ("card[exp_month]=7", "items[0][price]=p", "a postal code beside a number stays a text"):
        assert example in PAGE


def test_names_of_forms_have_at_most_eight_levels() -> None:
    deep = "deep" + "".join(f"[{name}]" for name in "bcdefgh")
    schema = msgspec.structs.replace(operation().bodies[FORM], encodings={})
    assert read(schema, f"{deep}=1".encode(), 32)
    with pytest.raises(Refused):
        read(schema, f"{deep}[i]=1".encode(), 32)


def test_bodies_that_are_not_taken_in_the_pages_words() -> None:
    for media in (
        "application/xml",
        "text/plain",
        "application/json; charset=utf-16",
        "application/json; charset=latin1",
    ):
        assert reason("{}", media) is Reason.MEDIA_TYPE
    for media in ("application/json", "Application/JSON ; charset=UTF-8"):
        assert body_of("{}", media) == {}
    with pytest.raises(Refused) as refused:
        arrives(content_encoding="gzip")
    assert (refused.value.reason, refused.value.status) == (Reason.ENCODED_BODY, 415)
    assert str(body_of('{"amount":1.10}', "application/json")["amount"]) == "1.10"
    assert body_of('{"amount":123456789012345678901234567890}', "application/json")["amount"] == 123456789012345678901234567890  # fmt: skip
    assert body_of('{"kind":{"b":1}}', "application/json") == {"kind": {"b": 1}}
    assert body_of('{"home":{"street":"a","town":"b"}}', "application/json")
    assert reason('{"home":{"town":"b"}}', "application/json") is Reason.BODY_INVALID


@pytest.mark.parametrize("segment", ["a%2Fb", "a%5Cb", "a%3Bb", "a%2541", "..", "%2e%2E", "."])
def test_path_segments_that_the_page_excludes(segment: str) -> None:
    with pytest.raises(Refused) as refused:
        arrives(f"/pay/{segment}")
    assert refused.value.reason is Reason.UNSAFE_PATH
    assert arrives("/pay/a.b").path == "/pay/a.b"
