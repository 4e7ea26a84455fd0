"""An event as a log record of OpenTelemetry, in the JSON form of OTLP.  OTLP 1 §JSON Protobuf Encoding; W3C Trace Context.

A line is one `LogRecord`; `envelope` puts lines, of log records or of spans, into a request. Members are in lowerCamelCase, numbers of
64 bits are texts, trace ids are hexadecimal: OTLP departs here from the usual JSON form of Protobuf.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from ringfence.export.document import one_line, says_something
from ringfence.export.record import Origin, Record
from ringfence.export.row import Row, outcome_of

SEVERITY: Final[Mapping[int, tuple[int, str]]] = {
    0: (0, ""),
    1: (9, "INFO"),
    2: (10, "INFO2"),
    3: (13, "WARN"),
    4: (17, "ERROR"),
    5: (21, "FATAL"),
}
"""OpenTelemetry's severity for OCSF's."""
FATAL: Final = (24, "FATAL4")

PLACES: Final[Mapping[str, str]] = {
    "method": "http.request.method",
    "network": "client.address",
    "path": "url.path",
    "request_bytes": "http.request.body.size",
    "response_bytes": "http.response.body.size",
    "status": "http.response.status_code",
    "user": "user.id",
    "username_hash": "user.hash",
}
"""OpenTelemetry's name of a field; one that is not here stands under `ringfence`."""
Signal = Literal["logs", "spans"]
_MEMBERS: Final[Mapping[Signal, tuple[str, str, str]]] = {
    "logs": ("resourceLogs", "scopeLogs", "logRecords"),
    "spans": ("resourceSpans", "scopeSpans", "spans"),
}
_TRACE: Final = re.compile(r"[0-9a-f]{32}")


def to_otlp(record: Record, row: Row, origin: Origin) -> dict[str, Any]:
    """Return the log record of an event."""
    del origin  # stands in the resource
    number, text = SEVERITY.get(row.severity.of(record.fields), FATAL)
    outcome = outcome_of(record.fields)
    attributes: list[dict[str, Any]] = [
        attribute("log.record.uid", record.uid),
        attribute("ringfence.event", record.tag),
        attribute("ringfence.position", record.position),
    ]
    if outcome is not None:
        attributes.append(attribute("ringfence.outcome", "success" if outcome else "failure"))
    attributes += [
        attribute(PLACES.get(name, f"ringfence.{name}"), value)
        for name, value in record.fields.items()
        if name not in {"at", "trace"} and says_something(value)
    ]
    made: dict[str, Any] = {
        "timeUnixNano": str(round(record.at * 1e6) * 1000),
        "severityNumber": number,
        "severityText": text,
        "eventName": f"ringfence.{record.kind}",
        "body": {"stringValue": row.title},
        "attributes": attributes,
    }
    trace = trace_of(record)
    if trace:
        made["traceId"] = trace
    return made


def trace_of(record: Record) -> str:
    """Return an event's trace id; empty where it has none, or may not tell it."""
    trace = record.fields.get("trace")
    return trace if isinstance(trace, str) and _TRACE.fullmatch(trace) and trace.strip("0") else ""


def attribute(key: str, value: Any) -> dict[str, Any]:
    """Return a `KeyValue`; numbers that are no fractions become texts, as OTLP has it."""
    return {"key": key, "value": _value(value)}


def _value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list() | tuple():
            return {"arrayValue": {"values": [_value(one) for one in value]}}
        case _:
            return {"stringValue": str(value)}


def envelope(lines: Sequence[str], origin: Origin, signal: Signal = "logs") -> bytes:
    """Return the request that brings log records or spans to a collector.

    Args:
        lines: each one line of JSON: a log record, or the spans of a call with commas between them.
        origin: which installation speaks.
        signal: what the lines are.
    """
    resource = [
        attribute("service.name", "ringfence"),
        attribute("service.version", origin.version),
        attribute("server.address", origin.host),
    ]
    outer, inner, items = _MEMBERS[signal]
    head = f'{{"{outer}":[{{"resource":{one_line({"attributes": resource})},"{inner}":[{{"scope":'
    scope = one_line({"name": "ringfence", "version": origin.version})
    return f'{head}{scope},"{items}":[{",".join(lines)}]}}]}}]}}'.encode()
