"""The heads of what goes to an upstream and of what comes back, both re-validated.  RFC 9110 §5, §7.6.1; RFC 9112 §6."""

import enum
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

from ringfence.gateway.fields import HOP_BY_HOP, RESPONSE_HIDDEN, VALUE, connection_options, field_name
from ringfence.message import Headers
from ringfence.problem import Reason, Refused

MOST_FIELDS: Final = 200
"""Header fields of one response."""

_OURS: Final = HOP_BY_HOP | {"host", "content-length", "expect"}
"""Request fields that the sender writes itself, or that end here."""
_HIDDEN_PREFIXES: Final = ("x-ringfence-", "x-envoy-", "x-forwarded-", "proxy-", "x-amz-cf-", "cf-")
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods that send a length even for no body (RFC 9110 §8.6)."""
_VALUE_AND_LINE_ENDS: Final = VALUE + b"\r\n"
_LOWEST, _HIGHEST = 200, 599
_LENGTH_DIGITS: Final = 15
"""A length of more digits is a mistake or an attack; this one keeps it far from any integer's end."""
_NO_CONTENT, _NOT_MODIFIED = 204, 304


class Framing(enum.Enum):
    """How the end of a response body is found.  RFC 9112 §6.3."""

    NONE = enum.auto()
    LENGTH = enum.auto()
    CHUNKED = enum.auto()
    UNTIL_CLOSE = enum.auto()


class ResponseHead(msgspec.Struct, frozen=True, gc=False):
    """A response head that may be passed on."""

    status: int
    headers: Headers
    """Without hop-by-hop, framing and hidden fields."""
    framing: Framing
    length: int
    """The declared length; -1 where none is declared. Without a body: what a body would have."""
    keep_alive: bool


def request_head(method: str, target: str, authority: str, headers: Headers, length: int) -> bytes:
    """Return request line and fields, ending in an empty line.

    Args:
        method: of the call.
        target: path and query, the upstream's prefix included.
        authority: the `Host` value.
        headers: end-to-end fields; framing and hop-by-hop ones among them are left out.
        length: octets of the body.

    Raises:
        Refused: INTERNAL; a check before us has let something through that could split the request.
    """
    named = _named(headers)
    lines = [f"{method} {target} HTTP/1.1", f"host: {authority}"]
    for name, value in headers:
        if name in _OURS or name in named:
            continue
        if field_name(name.encode("utf-8", "surrogatepass")) != name:
            raise Refused(Reason.INTERNAL, private="a request field's name is malformed")
        lines.append(f"{name}: {value}")
    if length or method in _WITH_BODY:
        lines.append(f"content-length: {length}")
    head = "\r\n".join(lines).encode("utf-8", "surrogatepass")
    splits = not head.count(b"\n") == head.count(b"\r") == len(lines) - 1
    if splits or head.translate(None, _VALUE_AND_LINE_ENDS) or lines[0].count(" ") != 2 or target[:1] != "/":  # noqa: PLR2004 - method, target and version
        raise Refused(Reason.INTERNAL, private="a request to an upstream holds what it must not")
    return head + b"\r\n\r\n"


def response_head(status: int, version: str, fields: Sequence[tuple[bytes, bytes]], *, method: str) -> ResponseHead:
    """Return a response's head for passing on.

    Args:
        status: as received; final.
        version: `1.0` or `1.1`.
        fields: names and values as received.
        method: of the request.

    Raises:
        Refused: UPSTREAM_INVALID.
    """
    if version not in {"1.1", "1.0"} or not _LOWEST <= status <= _HIGHEST:
        raise _invalid("status line")
    if len(fields) > MOST_FIELDS:
        raise _invalid("too many fields")
    if b"".join([value for _, value in fields]).translate(None, VALUE):
        raise _invalid("a field value that is not printable ASCII")
    kept, special = _sort(fields)
    options = connection_options(",".join(special["connection"]))
    if options - {"close", "keep-alive"}:
        kept = [field for field in kept if field[0] not in options]
    framing, length = _framing(status, method, special["content-length"], special["transfer-encoding"])
    keep_alive = version == "1.1" and "close" not in options and framing is not Framing.UNTIL_CLOSE
    return ResponseHead(status, tuple(kept), framing, length, keep_alive)


def with_length(head: ResponseHead, framing: Framing) -> Headers:
    """Return the head's fields, with the declared length where it is framed so and the body does not tell it."""
    if head.framing is framing and head.length >= 0:
        return (*head.headers, ("content-length", str(head.length)))
    return head.headers


def _sort(fields: Sequence[tuple[bytes, bytes]]) -> tuple[list[tuple[str, str]], dict[str, list[str]]]:
    """Return the fields to pass on, and the values of those that frame the message."""
    kept: list[tuple[str, str]] = []
    special: dict[str, list[str]] = {"content-length": [], "transfer-encoding": [], "connection": []}
    for raw_name, raw_value in fields:
        name = field_name(raw_name)
        if name is None:
            raise _invalid("a field name that is no token")
        value = raw_value.decode("ascii").strip(" \t")
        if name in special:
            special[name].append(value)
        elif not _hidden(name):
            kept.append((name, value))
    return kept, special


@lru_cache(maxsize=4096)
def _hidden(name: str) -> bool:
    """Say whether a field ends here."""
    return name in HOP_BY_HOP or name in RESPONSE_HIDDEN or name.startswith(_HIDDEN_PREFIXES)


def _framing(status: int, method: str, lengths: list[str], codings: list[str]) -> tuple[Framing, int]:
    if len(lengths) > 1 or len(codings) > 1 or (lengths and codings):
        raise _invalid("framing that can be read two ways")
    if codings and codings[0].lower() != "chunked":
        raise _invalid("a transfer coding that is not plain chunked")
    if lengths and not (lengths[0].isascii() and lengths[0].isdigit() and len(lengths[0]) <= _LENGTH_DIGITS):
        raise _invalid("a length that is no number")
    length = int(lengths[0]) if lengths else -1
    if method == "HEAD" or status in {_NO_CONTENT, _NOT_MODIFIED}:
        return Framing.NONE, length
    if codings:
        return Framing.CHUNKED, -1
    return (Framing.LENGTH, length) if lengths else (Framing.UNTIL_CLOSE, -1)


def _named(headers: Headers) -> frozenset[str]:
    """Return the fields that `Connection` names: they end here too."""
    values = [value for name, value in headers if name == "connection"]
    return connection_options(",".join(values)) if values else frozenset()


def _invalid(what: str) -> Refused:
    return Refused(Reason.UPSTREAM_INVALID, private=f"upstream sent {what}")
