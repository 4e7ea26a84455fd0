"""What goes to an OpenTelemetry collector, read with the published messages of OTLP."""

import base64
import json
from typing import Any

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from ringfence.events import AlertRaised, CallDecided, LoginDecided, RoleExited
from ringfence.export.document import one_line
from ringfence.export.otlp import PLACES, envelope, to_otlp
from ringfence.export.record import Record, read_record
from ringfence.export.table import row_of
from tests.whole_events import KINDS, ORIGIN, full, record_of, stored


def exported(record: Record) -> dict[str, Any]:
    return to_otlp(record, row_of(record.tag), ORIGIN)


def read(*records: Record) -> Any:
    """Return the scope's log records as a collector reads them; unknown members fail."""
    said = json.loads(envelope([one_line(exported(record)) for record in records], ORIGIN))
    for one in said["resourceLogs"][0]["scopeLogs"][0]["logRecords"]:
        if "traceId" in one:  # OTLP says hexadecimal where Protobuf's own JSON says Base64
            one["traceId"] = base64.b64encode(bytes.fromhex(one["traceId"])).decode()
    (resource,) = json_format.ParseDict(said, ExportLogsServiceRequest()).resource_logs
    (scope,) = resource.scope_logs
    assert {a.key: a.value.string_value for a in resource.resource.attributes}["server.address"] == "bank.example"
    assert scope.scope.name == "ringfence"
    return scope.log_records


def plain(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(one) for one in value.array_value.values]
    return getattr(value, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_is_lost_and_a_collector_can_read_it(kind: type) -> None:
    record = read_record(stored(full(kind)))
    (one,) = read(record)
    attributes = {attribute.key: plain(attribute.value) for attribute in one.attributes}
    assert len(attributes) == len(one.attributes)
    for name, value in record.fields.items():
        if name not in {"at", "trace"}:
            assert attributes[PLACES.get(name, f"ringfence.{name}")] == value
    assert abs(one.time_unix_nano / 1e9 - record.at) < 1e-6
    assert one.event_name == f"ringfence.{record.kind}"
    assert attributes["log.record.uid"] == record.uid


def test_trace_outcome_and_severity() -> None:
    (one,) = read(record_of(CallDecided, trace="ab" * 16, allowed=False))
    assert one.trace_id.hex() == "ab" * 16
    assert "failure" in {plain(a.value) for a in one.attributes if a.key == "ringfence.outcome"}
    for trace in ("", "0" * 32, "AB" * 16, "x"):
        assert not read(record_of(CallDecided, trace=trace))[0].trace_id
    levels = [read(record_of(AlertRaised, level=level))[0] for level in ("medium", "high", "critical")]
    assert [(one.severity_number, one.severity_text) for one in levels] == [(13, "WARN"), (17, "ERROR"), (21, "FATAL")]
    assert read(record_of(RoleExited, code=-1))[0].attributes


def test_a_hostile_value_stays_a_value() -> None:
    hostile = '"}]}\r\n\u2028\x00'
    first, second = read(record_of(LoginDecided, reason=hostile), record_of(LoginDecided))
    assert hostile in [plain(a.value) for a in first.attributes]
    assert second.event_name == "ringfence.login.decided"
