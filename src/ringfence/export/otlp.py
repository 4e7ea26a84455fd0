"""An event as a log record of OpenTelemetry, in the JSON form of OTLP.  OTLP 1 §JSON Protobuf Encoding; W3C Trace Context.

A line is one `LogRecord`; `envelope` puts lines into a request. Members are in lowerCamelCase, numbers of
64 bits are texts, trace ids are hexadecimal: OTLP departs here from the usual JSON form of Protobuf.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

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
_TRACE: Final = re.compile(r"[0-9a-f]{32}")


def to_otlp(record: Record, row: Row, origin: Origin) -> dict[str, Any]:
    """Return the log record of an event."""
    del origin  # stands in the resource
    number, text = SEVERITY.get(row.severity.of(record.fields), FATAL)
    outcome = outcome_of(record.fields)
    attributes: list[dict[str, Any]] = [
        _attribute("log.record.uid", record.uid),
        _attribute("ringfence.event", record.tag),
        _attribute("ringfence.position", record.position),
    ]
    if outcome is not None:
        attributes.append(_attribute("ringfence.outcome", "success" if outcome else "failure"))
    attributes += [
        _attribute(PLACES.get(name, f"ringfence.{name}"), value)
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
    trace = record.fields.get("trace")
    if isinstance(trace, str) and _TRACE.fullmatch(trace) and trace.strip("0"):
        made["traceId"] = trace
    return made


def _attribute(key: str, value: Any) -> dict[str, Any]:
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


def envelope(lines: Sequence[str], origin: Origin) -> bytes:
    """Return the request that brings log records to a collector.

    Args:
        lines: each a log record as one line of JSON.
        origin: which installation speaks.
    """
    resource = [
        _attribute("service.name", "ringfence"),
        _attribute("service.version", origin.version),
        _attribute("server.address", origin.host),
    ]
    head = f'{{"resourceLogs":[{{"resource":{one_line({"attributes": resource})},"scopeLogs":[{{"scope":'
    scope = one_line({"name": "ringfence", "version": origin.version})
    return f'{head}{scope},"logRecords":[{",".join(lines)}]}}]}}]}}'.encode()
