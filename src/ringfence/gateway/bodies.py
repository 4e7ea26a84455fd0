"""Read and check a request body against the media types that an operation declares.  OpenAPI 3.1 §4.8.14."""

import re
from typing import Any, Final

from ringfence.gateway.faults import schema_faults
from ringfence.gateway.forms import read_form
from ringfence.gateway.normal import parse_normal
from ringfence.message import Request
from ringfence.policy.operations import Body, Operation
from ringfence.problem import Reason, Refused

_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_MEDIA_TYPE: Final = re.compile(rf"({_NAME}/{_NAME})((?:[ \t]*;[ \t]*{_NAME}=(?:{_NAME}|\"[^\"\\]*\"))*)[ \t]*;?")
_MEDIA_PARAMETER: Final = re.compile(rf";[ \t]*({_NAME})=({_NAME}|\"[^\"\\]*\")")


def asked_body(request: Request, body: bytes, operation: Operation) -> Body | None:
    """Return what a body is to be held against, or None where there is none.

    Raises:
        Refused: BODY_MISSING, BODY_UNEXPECTED or MEDIA_TYPE.
    """
    if not body:
        if operation.body_required:
            raise Refused(Reason.BODY_MISSING)
        return None
    if not operation.bodies:
        raise Refused(Reason.BODY_UNEXPECTED)
    return declared_body(request.header("content-type"), operation)


def read(declared: Body, body: bytes, max_json_depth: int) -> Any:
    """Return a body's document.  Raises Refused for what has no one meaning."""
    if declared.form:
        return read_form(body, declared, max_json_depth)
    return parse_normal(body, max_depth=max_json_depth)


def fitting(declared: Body, payload: Any) -> Any:
    """Return a payload that fits its schema.  Raises Refused BODY_INVALID."""
    validator = declared.validator
    assert validator is not None, "a media type without a schema is refused by declared_body"
    if not validator.is_valid(payload):
        raise Refused(Reason.BODY_INVALID, faults=schema_faults(validator, payload))
    return payload


def declared_body(content_type: str | None, operation: Operation) -> Body:
    """Return the declared body of a Content-Type value, compared as parsed, not as text.  Raises Refused MEDIA_TYPE."""
    if content_type is None:
        raise _unsupported(operation, "a Content-Type header is needed")
    parsed = _MEDIA_TYPE.fullmatch(content_type)
    if parsed is None:
        raise _unsupported(operation, "the Content-Type header is not well-formed")
    parameters = [(n.lower(), v.strip('"').lower()) for n, v in _MEDIA_PARAMETER.findall(parsed[2])]
    names = [n for n, _ in parameters]
    if len(names) != len(set(names)):
        raise _unsupported(operation, "the Content-Type header repeats a parameter")
    if any(n == "charset" and v not in {"utf-8", "utf8"} for n, v in parameters):
        raise _unsupported(operation, "only charset=utf-8 is taken")
    body = operation.bodies.get(parsed[1].lower())
    if body is None or (body.validator is None):
        raise _unsupported(operation, "")
    return body


def _unsupported(operation: Operation, why: str) -> Refused:
    taken = ", ".join(sorted(name for name, body in operation.bodies.items() if body.validator is not None)) or "none"
    return Refused(Reason.MEDIA_TYPE, f"{why}; taken: {taken}" if why else f"taken: {taken}")
