"""A call as spans of OpenTelemetry, by its conventions for HTTP.  OTLP 1 §JSON Protobuf Encoding; W3C Trace Context §3.2.

The gateway's span has the caller's as its parent. Where the call went on there is a second one, and its id is the
one that the API was told: what the API records hangs below it. Both come from the event, so the same event gives
the same ids whenever it is sent again.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ringfence.clock import Instant
from ringfence.export.document import one_line, says_something
from ringfence.export.line import Line
from ringfence.export.otlp import attribute, trace_of
from ringfence.export.record import Record, read_record
from ringfence.export.redaction import Redaction, redact
from ringfence.export.table import row_of
from ringfence.store.interface import StoredEvent
from ringfence.telemetry import in_share

KIND: Final = "call.decided"
SERVER: Final = 2
CLIENT: Final = 3
ERROR: Final = 2
SAMPLED: Final = 0x001
PARENT_IS_KNOWN: Final = 0x100
PARENT_IS_REMOTE: Final = 0x200
METHODS: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
"""Any other is `_OTHER`, with what the caller wrote beside it."""
OUR_FAULT: Final = 500
"""From this status on a call failed, to the gateway: what a caller does wrong is no error of the server's span."""
CALLERS_FAULT: Final = 400
"""From this status on a call failed, to the gateway as a client of the API behind."""

PLACES: Final[Mapping[str, str]] = {
    "acr": "ringfence.acr",
    "api": "ringfence.api",
    "binding": "ringfence.binding",
    "client": "ringfence.client",
    "correlation": "ringfence.correlation",
    "network": "client.address",
    "operation": "ringfence.operation",
    "priority": "ringfence.priority",
    "reason": "ringfence.reason",
    "request_bytes": "http.request.body.size",
    "response_bytes": "http.response.body.size",
    "status": "http.response.status_code",
    "version": "ringfence.version",
}
"""What a span says of its call. Customer and grant are not among it: traces have more readers than events."""
_SPAN: Final = re.compile(r"[0-9a-f]{16}")


class SpanRendering(msgspec.Struct, frozen=True):
    """How a sink's spans are made: of the calls of recorded traces that fall into its share."""

    share: float
    redaction: Redaction

    def lines(self, batch: list[StoredEvent]) -> list[Line]:
        """Return one line a call, its spans with a comma between them: they reach a collector together or not at all."""
        made = []
        for record in map(read_record, batch):
            if record.kind != KIND or record.fields.get("sampled") is not True:
                continue
            allowed = redact(record, self.redaction)
            trace = trace_of(allowed)
            if trace and in_share(trace, self.share):
                text = ",".join(one_line(span) for span in spans_of(allowed, trace))
                severity = row_of(record.tag).severity.of(record.fields)
                made.append(Line(record.position, record.uid, record.kind, Instant(record.at), severity, text))
        return made


def spans_of(record: Record, trace: str) -> list[dict[str, Any]]:
    """Return the gateway's span of a call, and below it that of the call that went on, where one did.

    Args:
        record: a call, redacted.
        trace: its trace id, 32 hexadecimal digits.
    """
    fields = record.fields
    own = _span_id(fields.get("span")) or _drawn(record.uid, "own")
    began = round(record.at * 1e6)
    ended = began + max(0, fields["micros"])
    parent = _span_id(fields.get("parent"))
    went_on = fields["upstream_micros"] > 0
    first = _drawn(trace, own) if went_on else own
    status = fields["status"]
    remote = PARENT_IS_REMOTE if parent else 0
    server = _span(fields, trace, first, parent, SERVER, (began, ended)) | {"flags": SAMPLED | PARENT_IS_KNOWN | remote}
    server["attributes"] += [
        attribute("url.scheme", "https"),
        attribute("ringfence.role", "gateway"),
        attribute("ringfence.event.uid", record.uid),
        *(attribute(place, fields[name]) for name, place in PLACES.items() if says_something(fields.get(name))),
    ]
    if fields["queued_micros"]:
        server["attributes"].append(attribute("ringfence.queued_micros", fields["queued_micros"]))
    if status >= OUR_FAULT:
        _fail(server, fields["reason"] or str(status))
    if not went_on:
        return [server]
    sent = min(began + fields["upstream_after_micros"], ended)
    client = _span(fields, trace, own, first, CLIENT, (sent, min(sent + fields["upstream_micros"], ended)))
    client["flags"] = SAMPLED | PARENT_IS_KNOWN
    client["attributes"].append(attribute("ringfence.upstream", f"{fields['api']}/{fields['version']}"))
    if not fields["reason"]:  # refused afterwards, the status is ours
        client["attributes"].append(attribute("http.response.status_code", status))
        if status >= CALLERS_FAULT:
            _fail(client, str(status))
    elif fields["reason"].startswith("upstream-"):
        _fail(client, fields["reason"])
    return [server, client]


def _span(
    fields: Mapping[str, Any], trace: str, span: str, parent: str, kind: int, micros: tuple[int, int]
) -> dict[str, Any]:
    """Return what both spans have: name, ids, kind, times and the request."""
    method, path = fields["method"], fields["path"]
    known = method in METHODS
    route = path if fields["operation"] and path.startswith("/") else ""
    attributes = [attribute("http.request.method", method if known else "_OTHER")]
    if method and not known:
        attributes.append(attribute("http.request.method_original", method))
    if route:
        attributes.append(attribute("http.route" if kind == SERVER else "url.template", route))
    elif path.startswith("/") and kind == SERVER:
        attributes.append(attribute("url.path", path))
    began, ended = micros
    return {
        "traceId": trace,
        "spanId": span,
        **({"parentSpanId": parent} if parent else {}),
        "name": " ".join(part for part in (method if known else "HTTP", route) if part),
        "kind": kind,
        "startTimeUnixNano": str(began * 1000),
        "endTimeUnixNano": str(ended * 1000),
        "attributes": attributes,
    }


def _fail(span: dict[str, Any], error: str) -> None:
    span["attributes"].append(attribute("error.type", error))
    span["status"] = {"code": ERROR}


def _span_id(value: object) -> str:
    """Return a span id; empty for what is none, which masking may have made of one that looks like a card number."""
    return value if isinstance(value, str) and _SPAN.fullmatch(value) and value.strip("0") else ""


def _drawn(*known: str) -> str:
    """Return a span id that follows from what is known."""
    return hashlib.sha256("|".join(known).encode()).hexdigest()[:16]
