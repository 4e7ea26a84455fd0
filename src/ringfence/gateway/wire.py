"""From what an HTTP server delivered to a request that can be read in one way only.  RFC 9110 §5, §9; RFC 9112 §6.

The edge and the server's parser are lenient in places (the edge joins repeated fields with commas
and passes `%252f`); nothing that two readers could understand differently gets past here.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from ringfence.gateway.fields import VALUE, Use, connection_options, request_field
from ringfence.gateway.single_values import check_single
from ringfence.gateway.target import read_target
from ringfence.ids import CorrelationId, Random
from ringfence.message import Peer, Request
from ringfence.problem import Reason, Refused
from ringfence.proofs.peer import CERTIFICATE, LISTENER, LONGEST_ADDRESS, PEER, read_peer
from ringfence.telemetry import begin_trace

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods that an operation can have (OpenAPI 3.1 §4.8.9.1), without TRACE, which echoes credentials."""

MOST_FIELDS: Final = 100
"""Header fields of one request; also the edge's limit."""

LONGEST_PATH_TOLD: Final = 256
"""Octets of an unread path that are told on."""

_FIELD_OVERHEAD: Final = 4
"""Octets of a field line besides name and value: colon, space, CR, LF."""

_KEEP, _KEEP_ONE, _CONNECTION, _DROP = Use.KEEP, Use.KEEP_ONE, Use.CONNECTION, Use.DROP
"""As globals: looked at for every field of every call, and a member of an enum costs four times as much to find."""

_HOST: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_LENGTH: Final = re.compile(r"[0-9]{1,15}")


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A request as its head says it, and how its body is framed."""

    request: Request
    content_length: int
    """-1 where none is declared."""
    chunked: bool
    expects_continue: bool

    @property
    def has_content(self) -> bool:
        """Whether a body is on its way."""
        return self.chunked or self.content_length > 0


def read_request(
    method: str,
    target: bytes,
    fields: Sequence[tuple[bytes, bytes]],
    *,
    max_header_bytes: int,
    correlation: CorrelationId,
    random: Random,
    scheme: str = "https",
    peer: Peer | None = None,
) -> Arrival:
    """Read the head of a request.

    Args:
        method: as in the request line.
        target: as in the request line, undecoded.
        fields: names and values in the order received.
        max_header_bytes: limit of target and fields together.
        correlation: names the call.
        random: for our span's id.
        scheme: what the caller used.
        peer: None where the edge's own fields say who it is; else those fields are ignored.

    Returns:
        The request, body empty, without hop-by-hop and internal fields.

    Raises:
        Refused: MALFORMED_REQUEST, AMBIGUOUS_HEADER, UNSAFE_PATH, HEADERS_TOO_LARGE, ENCODED_BODY,
            METHOD_NOT_ALLOWED; INTERNAL where the edge's own fields are wrong.
    """
    if method not in METHODS:
        allow = ", ".join(sorted(METHODS))
        raise Refused(Reason.METHOD_NOT_ALLOWED, "no operation has that method", headers=(("allow", allow),))
    path, query = read_target(target)
    kept, single, connection, dropped = _read_fields(fields, max_header_bytes - len(target))
    check_single(single)
    host = single.get("host", "")
    if not _HOST.fullmatch(host):
        raise Refused(Reason.MALFORMED_REQUEST, "the Host header is missing or malformed")
    length, chunked = _framing(single)
    if single.get("content-encoding", "identity").lower() != "identity":
        raise Refused(Reason.ENCODED_BODY, "send the body without content-encoding")
    expect = single.get("expect")
    if expect is not None and expect.lower() != "100-continue":
        raise Refused(Reason.MALFORMED_REQUEST, "only 100-continue can be expected", status=417)
    if connection:
        named = connection_options(connection)
        kept = [field for field in kept if field[0] not in named]
    if peer is None:
        peer = read_peer(single.get(PEER), single.get(LISTENER), single.get(CERTIFICATE))
    request = Request(
        method=method,
        scheme=scheme,
        authority=host,
        path=path,
        query=query,
        headers=tuple(kept),
        body=b"",
        peer=peer,
        correlation=correlation,
        trace=begin_trace(single.get("traceparent"), random),
        dropped=tuple(dropped),
    )
    return Arrival(request, length, chunked, expect is not None)


def _read_fields(
    fields: Sequence[tuple[bytes, bytes]], room: int
) -> tuple[list[tuple[str, str]], dict[str, str], str, list[str]]:
    """Return the fields to keep, the single-valued ones by name, the `Connection` value, and what is dropped."""
    if len(fields) > MOST_FIELDS:
        raise Refused(Reason.HEADERS_TOO_LARGE, f"there are more than {MOST_FIELDS} headers")
    values = b"".join([value for _, value in fields])
    names = b"".join([name for name, _ in fields])
    if len(values) + len(names) + _FIELD_OVERHEAD * len(fields) > room:
        raise Refused(Reason.HEADERS_TOO_LARGE)
    if values.translate(None, VALUE):
        raise Refused(Reason.MALFORMED_REQUEST, "a header value holds a character that is not printable ASCII")
    kept: list[tuple[str, str]] = []
    single: dict[str, str] = {}
    connection = ""
    dropped: list[str] = []
    for raw_name, raw_value in fields:
        name, use = request_field(raw_name)
        if use is _DROP:
            dropped.append(name)
            continue
        value = raw_value.decode("ascii").strip(" \t")
        if use is _KEEP:
            kept.append((name, value))
        elif use is _CONNECTION:
            connection = f"{connection},{value}"
        else:
            if name in single:
                raise Refused(Reason.AMBIGUOUS_HEADER, f"{name} appears more than once")
            single[name] = value
            if use is _KEEP_ONE:
                kept.append((name, value))
    return kept, single, connection, dropped


def _framing(single: dict[str, str]) -> tuple[int, bool]:
    """Return the declared length (-1: none) and whether the body is chunked.  RFC 9112 §6.3."""
    coding, declared = single.get("transfer-encoding"), single.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked" or declared is not None:
            raise Refused(Reason.MALFORMED_REQUEST, "the body's framing can be read two ways")
        return -1, True
    if declared is None:
        return -1, False
    if not _LENGTH.fullmatch(declared):
        raise Refused(Reason.MALFORMED_REQUEST, "Content-Length is not a number")
    return int(declared), False


def unread_request(
    method: str,
    target: bytes,
    fields: Sequence[tuple[bytes, bytes]],
    *,
    correlation: CorrelationId,
    random: Random,
    peer: Peer | None = None,
) -> Request:
    """Return what can be said of a request that was refused unread, for its event: never to be decided by."""
    address = ""
    for name, value in fields:
        if name == PEER.encode() and len(value) <= LONGEST_ADDRESS:
            address = value.decode("ascii", "replace")
    return Request(
        method=method,
        scheme="",
        authority="",
        path=target.partition(b"?")[0][:LONGEST_PATH_TOLD].decode("ascii", "backslashreplace"),
        query="",
        headers=(),
        body=b"",
        peer=peer or Peer(address),
        correlation=correlation,
        trace=begin_trace(None, random),
    )
