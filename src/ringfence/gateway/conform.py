"""Hold the upstream's answer against the document: what it does not declare does not leave.  OpenAPI 3.1.1 §4.8.16; RFC 9110 §8.

An answer is looked at whole, within a limit; one that needs no change leaves as the octets that came.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import msgspec

from ringfence.gateway.answer import has_body, let_go
from ringfence.gateway.prune import MOST_POINTERS, POINTER_CHARACTERS, escaped, take_away_at, undeclared
from ringfence.gateway.whole_body import whole_body
from ringfence.message import Headers, Response
from ringfence.policy.answer_schemas import is_json
from ringfence.policy.operations import Content, DeclaredResponse, Operation
from ringfence.policy.responses_model import Responses, Treatment
from ringfence.problem import Reason, Refused
from ringfence.strict_json import parse, render

MAX_DEPTH: Final = 64
"""Nesting of an answer."""

MOST_TAKEN: Final = 64
"""Members of a wrong type that are taken out of one answer."""

ERROR: Final = 400

TELLING: Final = frozenset({"trace", "stack", "stacktrace", "stack_trace", "exception", "exceptions", "debug"})
"""Members by which frameworks tell of their inside when they fail, in lower case: no error body has them unless declared."""

_SPOILT: Final = frozenset(
    {"content-length", "content-digest", "repr-digest", "digest", "content-md5", "etag", "signature", "signature-input"}
    | {"x-jws-signature"}
)
"""Fields that were about the octets that came."""


_UNREADABLE: Final = object()


class Conformed(msgspec.Struct, frozen=True, gc=False):
    """An answer that may leave, and what was found in it."""

    response: Response
    stripped: tuple[str, ...] = ()
    """JSON pointers of what was taken away; `` for a whole body."""
    differs: tuple[str, ...] = ()
    """What was found and let pass, as `what pointer`. No values."""


async def conform(response: Response, method: str, operation: Operation) -> Conformed:
    """Return the answer as the policy wants it.

    Args:
        response: of the upstream.
        method: of the call.
        operation: what was called.

    Raises:
        Refused: UPSTREAM_UNDECLARED where the policy refuses the difference, or where it cannot be looked for.
    """
    rules = operation.response_rules
    if not rules.looks:
        return Conformed(response)
    declared = declared_response(response.status, operation.responses)
    media_type = media_type_of(response.headers)
    if not has_body(method, response.status):
        return await _undeclared(response, rules, "status") if declared is None else Conformed(response)
    content = None if declared is None else _content(media_type, declared)
    if declared is None or (declared.contents and content is None and response.body != b""):
        what = "status" if declared is None else "media type"
        plain = await _plain_error(response, media_type, rules)
        conformed = await _undeclared(plain.response, rules, what)
        return Conformed(conformed.response, (*plain.stripped, *conformed.stripped), conformed.differs)
    if content is None and response.status >= ERROR:
        return await _plain_error(response, media_type, rules)
    if content is None or content.shape is None or content.validator is None or not is_json(media_type):
        return Conformed(response)
    return await _json(response, content, rules)


def declared_response(status: int, responses: Mapping[str, DeclaredResponse]) -> DeclaredResponse | None:
    """Return what is declared for a status: itself, its class, or the default.  OpenAPI 3.1.1 §4.8.16."""
    for key in (str(status), f"{status // 100}XX", "default"):
        found = responses.get(key)
        if found is not None:
            return found
    return None


def _content(media_type: str, declared: DeclaredResponse) -> Content | None:
    """Return the declared content of a media type; the most exact wins.  OpenAPI 3.1.1 §4.8.17."""
    contents = declared.contents
    return contents.get(media_type) or contents.get(f"{media_type.partition('/')[0]}/*") or contents.get("*/*")


def media_type_of(headers: Headers) -> str:
    """Return an answer's media type without parameters, in lower case; `""` without one."""
    for name, value in headers:
        if name == "content-type":
            return value.partition(";")[0].strip().lower()
    return ""


async def _undeclared(response: Response, rules: Responses, what: str) -> Conformed:
    match rules.undeclared_status:
        case "refuse":
            await let_go(response.body)
            raise Refused(Reason.UPSTREAM_UNDECLARED, private=f"undeclared {what} {response.status}")
        case "strip":
            if response.body == b"":
                return Conformed(response)
            return Conformed(await _without_body(response), ("",))
        case "report":
            return Conformed(response, (), (f"{what} {response.status}",))
        case "pass":
            return Conformed(response)


async def _plain_error(response: Response, media_type: str, rules: Responses) -> Conformed:
    """Return an error of which nothing is declared without what frameworks add to it: pages and stack traces."""
    if response.status < ERROR or response.body == b"":
        return Conformed(response)
    if not is_json(media_type):
        return Conformed(await _without_body(response), ("",))
    body, rest = await whole_body(response.body, rules.max_bytes)
    document: Any = _UNREADABLE if rest is not None else _parsed(body)
    if document is _UNREADABLE:
        await let_go(rest or b"")
        return Conformed(with_body(response, b""), ("",))
    telling = [name for name in document if name.lower() in TELLING] if isinstance(document, dict) else []
    for name in telling:
        del document[name]
    if telling:
        return Conformed(with_body(response, render(document)), tuple(f"/{escaped(name)}" for name in telling))
    return Conformed(Response(response.status, response.headers, body))


async def _json(response: Response, content: Content, rules: Responses) -> Conformed:
    body, rest = await whole_body(response.body, rules.max_bytes)
    if rest is not None:
        if rules.guards:
            await let_go(rest)
            raise Refused(Reason.UPSTREAM_UNDECLARED, private=f"answer longer than {rules.max_bytes} octets")
        return Conformed(Response(response.status, response.headers, rest), (), ("length",))
    document = _parsed(body)
    if document is _UNREADABLE:
        if rules.guards:
            raise Refused(Reason.UPSTREAM_UNDECLARED, private="the answer is not well-formed JSON")
        return Conformed(Response(response.status, response.headers, body), (), ("json",))
    stripped: list[str] = []
    differs: list[str] = []
    assert content.shape is not None, "looked at before"
    if rules.undeclared_member != "pass":
        found = undeclared(document, content.shape, take_away=rules.undeclared_member == "strip")
        _note(rules.undeclared_member, [("member", pointer) for pointer in found], stripped, differs)
    if rules.wrong_type != "pass":
        _note(rules.wrong_type, _wrong(document, content, rules.wrong_type), stripped, differs)
    if stripped:
        return Conformed(with_body(response, render(document)), tuple(stripped), tuple(differs))
    return Conformed(Response(response.status, response.headers, body), (), tuple(differs))


def _note(treatment: Treatment, found: list[tuple[str, str]], stripped: list[str], differs: list[str]) -> None:
    if found and treatment == "refuse":
        raise Refused(Reason.UPSTREAM_UNDECLARED, private=" ".join(f"{what} {at}" for what, at in found)[:300])
    if treatment == "strip":
        stripped.extend(at for _, at in found)
    else:
        differs.extend(f"{what} {at}" for what, at in found)


def _wrong(document: Any, content: Content, treatment: Treatment) -> list[tuple[str, str]]:
    """Return what does not fit its schema, taken away where that is wanted.  Raises Refused where it cannot be."""
    validator = content.validator
    assert validator is not None, "looked at before"
    if validator.is_valid(document):
        return []
    found: list[tuple[str, str]] = []
    for _ in range(MOST_TAKEN):
        errors = [(list(error.instance_path), list(error.schema_path)) for error in validator.iter_errors(document)]
        for path, schema_path in errors[:MOST_POINTERS]:
            pointer = "".join(f"/{escaped(str(part))}" for part in path)[:POINTER_CHARACTERS]
            found.append((str(schema_path[-1]) if schema_path else "schema", pointer))
        if treatment != "strip" or not errors:
            break
        # From the back, so that what is taken away does not move what is still to be taken.
        taken = [take_away_at(document, path) for path, _ in reversed(errors)]
        if not any(taken):
            raise Refused(Reason.UPSTREAM_UNDECLARED, private=" ".join(f"{what} {at}" for what, at in found)[:300])
        if validator.is_valid(document):
            break
    return found[:MOST_POINTERS]


def _parsed(body: bytes) -> Any:
    """Return the document, or _UNREADABLE where it has no one meaning."""
    try:
        return parse(body, max_depth=MAX_DEPTH)
    except Refused:
        return _UNREADABLE


async def _without_body(response: Response) -> Response:
    await let_go(response.body)
    return with_body(response, b"")


def with_body(response: Response, body: bytes) -> Response:
    """Return the answer with another body, without the fields that were about the one that came."""
    gone = _SPOILT if body else _SPOILT | {"content-type", "content-encoding", "content-language"}
    return Response(response.status, tuple(field for field in response.headers if field[0] not in gone), body)


def without_spoilt(response: Response) -> Response:
    """Return an answer that has no body without the fields about the one that another call would get."""
    headers = tuple(field for field in response.headers if field[0] not in _SPOILT)
    return Response(response.status, headers, response.body)


async def withheld(response: Response, rest: AsyncIterator[bytes] | None, why: str) -> Response:
    """Return an error without its body, of which it is not known what stands in it; anything else stays inside.

    Args:
        response: of the upstream.
        rest: what of its body has not been read.
        why: for the event.

    Raises:
        Refused: UPSTREAM_FIELD.
    """
    await let_go(b"" if rest is None else rest)
    if response.status >= ERROR:
        return with_body(response, b"")
    raise Refused(Reason.UPSTREAM_FIELD, private=why)
