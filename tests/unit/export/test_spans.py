"""What goes to an OpenTelemetry collector as traces, read with the published messages of OTLP."""

import base64
import json
from typing import Any

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from ringfence.clock import Instant
from ringfence.events import CallDecided, LoginDecided
from ringfence.export.otlp import envelope
from ringfence.export.record import read_record
from ringfence.export.redaction import Redaction
from ringfence.export.spans import SpanRendering
from ringfence.telemetry import in_share, read_traceparent
from tests.scanning import cards
from tests.whole_events import KINDS, ORIGIN, full, stored

NOTHING = Redaction(frozenset(), "hash", b"")
TRACE, OURS, CALLERS = "ab" * 16, "c1" * 8, "d2" * 8
CALL = CallDecided(
    at=Instant(1_760_000_000.25), correlation="cor", trace=TRACE, allowed=True, status=200, method="POST",
    path="/payments/{id}", api="bank", version="v1", operation="CreatePayment", client="kestrel", user="user_1",
    grant="grant_1", network="192.0.2.7", micros=9000, upstream_micros=5000, upstream_after_micros=3000,
    request_bytes=12, response_bytes=34, span=OURS, parent=CALLERS, sampled=True,
)  # fmt: skip


def call(**fields: object) -> CallDecided:
    values = {name: getattr(CALL, name) for name in CALL.__struct_fields__}
    return CallDecided(**(values | fields))


def texts(*events: Any, share: float = 1.0, redaction: Redaction = NOTHING) -> list[str]:
    return [
        line.text for line in SpanRendering(share, redaction).lines([stored(e, n) for n, e in enumerate(events, 1)])
    ]


def read(*events: Any, share: float = 1.0, redaction: Redaction = NOTHING) -> list[Any]:
    """Return spans as a collector reads them; unknown members fail."""
    said = json.loads(envelope(texts(*events, share=share, redaction=redaction), ORIGIN, "spans"))
    for span in said["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for name in {"traceId", "spanId", "parentSpanId"} & span.keys():
            span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()  # OTLP says hexadecimal, Protobuf Base64
    (resource,) = json_format.ParseDict(said, ExportTraceServiceRequest()).resource_spans
    assert {a.key: a.value.string_value for a in resource.resource.attributes}["service.name"] == "ringfence"
    (scope,) = resource.scope_spans
    for span in scope.spans:
        assert len(span.trace_id) == 16
        assert len(span.span_id) == 8
        assert span.start_time_unix_nano <= span.end_time_unix_nano
        assert len({a.key for a in span.attributes}) == len(span.attributes)
    return list(scope.spans)


def attributes(span: Any) -> dict[str, Any]:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}


def test_a_call_is_a_span_below_the_caller_s_and_one_for_the_api_below_it() -> None:
    server, client = read(CALL)
    assert (server.kind, client.kind) == (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT)
    assert {server.trace_id.hex(), client.trace_id.hex()} == {TRACE}
    assert server.parent_span_id.hex() == CALLERS
    assert client.parent_span_id == server.span_id
    assert client.span_id.hex() == OURS  # what the API was told
    assert server.span_id.hex() not in {OURS, CALLERS}
    assert (server.flags, client.flags) == (0x301, 0x101)
    start = 1_760_000_000_250_000_000
    assert (server.start_time_unix_nano, server.end_time_unix_nano) == (start, start + 9_000_000)
    assert (client.start_time_unix_nano, client.end_time_unix_nano) == (start + 3_000_000, start + 8_000_000)
    assert server.name == client.name == "POST /payments/{id}"
    assert attributes(server) == {
        "http.request.method": "POST", "http.route": "/payments/{id}", "url.scheme": "https",
        "http.response.status_code": 200, "http.request.body.size": 12, "http.response.body.size": 34,
        "client.address": "192.0.2.7", "ringfence.role": "gateway", "ringfence.api": "bank",
        "ringfence.version": "v1", "ringfence.operation": "CreatePayment", "ringfence.client": "kestrel",
        "ringfence.correlation": "cor", "ringfence.event.uid": read_record(stored(CALL, 1)).uid,
    }  # fmt: skip
    assert attributes(client) == {
        "http.request.method": "POST", "url.template": "/payments/{id}", "http.response.status_code": 200,
        "ringfence.upstream": "bank/v1",
    }  # fmt: skip


def test_a_trace_that_began_here_has_a_root_and_a_call_that_was_refused_has_one_span() -> None:
    (server,) = read(call(parent="", upstream_micros=0, allowed=False, status=403, reason="scope-missing"))
    assert (server.parent_span_id, server.span_id.hex(), server.flags) == (b"", OURS, 0x101)
    assert attributes(server)["ringfence.reason"] == "scope-missing"
    assert server.status.code == Status.STATUS_CODE_UNSET


@pytest.mark.parametrize(
    ("status", "reason", "server_error", "client_error"),
    [
        (200, "", None, None),
        (404, "", None, "404"),
        (429, "rate-limited", None, None),
        (499, "caller-gone", None, None),
        (502, "upstream-failed", "upstream-failed", "upstream-failed"),
        (504, "upstream-timeout", "upstream-timeout", "upstream-timeout"),
        (500, "internal", "internal", None),
    ],
)
def test_only_a_fault_of_ours_or_of_the_api_is_an_error(status, reason, server_error, client_error) -> None:
    for span, error in zip(read(call(status=status, reason=reason)), (server_error, client_error), strict=True):
        assert attributes(span).get("error.type") == error
        assert span.status.code == (Status.STATUS_CODE_ERROR if error else Status.STATUS_CODE_UNSET)
    answered = "http.response.status_code" in attributes(read(call(status=status, reason=reason))[1])
    assert answered is (reason == "")


def test_the_same_event_has_the_same_ids_and_two_calls_of_a_trace_have_their_own() -> None:
    assert texts(CALL) == texts(CALL)
    both = read(CALL, call(span="c2" * 8), call(span="c3" * 8, upstream_micros=0))
    assert len({span.span_id for span in both}) == 5


def test_only_calls_of_recorded_traces_become_spans() -> None:
    assert texts(call(sampled=False), call(trace=""), call(trace="0" * 32), full(LoginDecided)) == []
    assert [text for kind in KINDS if kind is not CallDecided for text in texts(full(kind))] == []
    assert texts(full(CallDecided)) == []  # its trace id is none


def test_a_share_is_chosen_by_the_trace_and_is_the_same_for_all_its_spans() -> None:
    traces = [f"{n:032x}" for n in range(1, 1 << 60, (1 << 60) // 997)]
    chosen = {}
    for share in (0.1, 0.5, 1.0):
        spans = read(*(call(trace=trace) for trace in traces), share=share)
        told = [span.trace_id.hex() for span in spans]
        assert all(told.count(trace) == 2 for trace in set(told))
        assert set(told) == {trace for trace in traces if in_share(trace, share)}
        assert abs(len(set(told)) / len(traces) - share) < 0.05
        chosen[share] = set(told)
    assert chosen[0.1] < chosen[0.5] < chosen[1.0]


def test_a_caller_s_span_id_that_is_a_card_number_does_not_leave() -> None:
    known = read_traceparent(f"00-{TRACE}-4111111111111111-01")
    assert known is not None
    trace, parent, sampled = known
    (text,) = texts(call(trace=trace, parent=parent, sampled=sampled))
    assert cards(text) == []
    assert "parentSpanId" not in json.loads(f"[{text}]")[0]


def test_our_own_id_that_looks_like_a_card_is_replaced_and_stays_the_same() -> None:
    (first, client), (again, _) = read(call(span="4111111111111111")), read(call(span="4111111111111111"))
    assert client.span_id.hex() != "4111111111111111"
    assert (first.span_id, client.parent_span_id) == (again.span_id, first.span_id)


def test_a_hostile_call_stays_inside_its_values() -> None:
    hostile = '"}]}\r\n,{"spanId":"\u2028\x00'
    (server,) = read(call(method=hostile, path=f"/{hostile}", operation="", client=hostile, upstream_micros=0))
    told = attributes(server)
    assert (server.name, told["http.request.method"], told["http.request.method_original"]) == (
        "HTTP",
        "_OTHER",
        hostile,
    )
    assert told["url.path"] == f"/{hostile}"
    assert "http.route" not in told
    for wrong in ({"micros": -5}, {"upstream_after_micros": 10**9}, {"upstream_micros": 10**9}, {"method": ""}):
        assert read(call(**wrong))
    for parent in ("x", "0" * 16, CALLERS.upper(), CALLERS + "00"):
        assert read(call(parent=parent))[0].parent_span_id == b""


def test_redaction_takes_hold_and_neither_customer_nor_grant_leaves() -> None:
    (text,) = texts(CALL)
    assert not any(value in text for value in ("user_1", "grant_1"))
    by = Redaction(frozenset({"network", "free"}), "hash", b"k" * 32)
    server, client = read(CALL, redaction=by)
    assert attributes(server)["client.address"].startswith("hmac:")
    assert (server.name, client.name) == ("POST", "POST")
    assert texts(CALL, redaction=Redaction(frozenset({"identifier"}), "hash", b"k" * 32)) == []


def test_a_line_tells_its_event() -> None:
    (line,) = SpanRendering(1.0, NOTHING).lines([stored(CALL, 41)])
    assert (line.position, line.kind, line.at, line.severity) == (41, "call.decided", CALL.at, 1)
    assert line.text.isprintable()
