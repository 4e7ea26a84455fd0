"""Put an answer into the form that it has on the wire.  RFC 9110 §6.4.1, §8.6; RFC 9112 §4, §6, §7.1."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final

from ringfence.gateway.fields import HOP_BY_HOP, VALUE, field_name
from ringfence.message import Response

_REASONS: Final = {status.value: status.phrase for status in HTTPStatus}
_BODILESS: Final = frozenset({204, 304})
_LOWEST, _HIGHEST = 200, 599
_NO_CONTENT: Final = 204
_FRAMING: Final = HOP_BY_HOP | {"content-length"}
_VALUE_AND_LINE_ENDS: Final = VALUE + b"\r\n"

LAST_CHUNK: Final = b"0\r\n\r\n"


def has_body(method: str, status: int) -> bool:
    """Say whether an answer of that status to that method carries a body.  RFC 9112 §6.3."""
    return method != "HEAD" and status not in _BODILESS


def answer_head(response: Response, method: str, length: int | None, *, keep_alive: bool) -> bytes:
    """Return status line and fields of an answer.

    Args:
        response: its own framing fields are not used.
        method: of the request.
        length: octets of the body that follow; None: it is chunked. Looked at where there is a body.
        keep_alive: whether another request may follow.

    Raises:
        ValueError: the response cannot be written without saying something else than it means.
    """
    status = response.status
    if not _LOWEST <= status <= _HIGHEST:
        raise ValueError(f"status {status} is not final")
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, '')}"]
    for name, value in response.headers:
        if name not in _FRAMING:
            if field_name(name.encode()) != name:
                raise ValueError("a response field's name is malformed")
            lines.append(f"{name}: {value}")
    lines.extend(_framing(response, method, length))
    if not keep_alive:
        lines.append("connection: close")
    head = "\r\n".join(lines).encode("ascii")
    if head.translate(None, _VALUE_AND_LINE_ENDS) or not head.count(b"\n") == head.count(b"\r") == len(lines) - 1:
        raise ValueError("a response field's value is malformed")
    return head + b"\r\n\r\n"


def _framing(response: Response, method: str, length: int | None) -> tuple[str, ...]:
    """Return the field that says how long the body is, or would be (HEAD, 304).  RFC 9110 §8.6."""
    if has_body(method, response.status):
        return ("transfer-encoding: chunked" if length is None else f"content-length: {length}",)
    if response.status == _NO_CONTENT:
        return ()
    told = declared_length(response)
    if told is None and method == "HEAD" and isinstance(response.body, bytes):
        told = len(response.body)
    return () if told is None else (f"content-length: {told}",)


def declared_length(response: Response) -> int | None:
    """Return the response's own `content-length`, or None without one."""
    for name, value in response.headers:
        if name == "content-length":
            return int(value) if value.isascii() and value.isdigit() else None
    return None


def chunk(piece: bytes) -> bytes:
    """Return one chunk.  RFC 9112 §7.1."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


async def let_go(body: bytes | AsyncIterator[bytes]) -> None:
    """Close a streamed body that nobody will read to its end."""
    close = getattr(body, "aclose", None)
    if close is not None:
        await close()
