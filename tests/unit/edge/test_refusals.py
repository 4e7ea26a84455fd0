import json

import pytest

from ringfence.edge.refusals import read_refusal, refusal_log
from ringfence.problem import Reason

LINE = {
    "at": "1795360421.495235",
    "correlation": "f1d2b11a",
    "status": 400,
    "details": "direct_response",
    "method": "GET",
    "path": "/a/../b",
    "network": "192.0.2.7",
    "worker": None,
}


def read(**changed):
    return read_refusal(json.dumps(LINE | changed).encode())


def test_a_line_becomes_the_event_of_a_refused_call():
    event = read()
    assert event is not None
    assert (event.at, event.correlation, event.allowed, event.status) == (1795360421.495235, "f1d2b11a", False, 400)
    assert (event.reason, event.private) == ("unsafe-path", "edge: direct_response")
    assert (event.method, event.path, event.network) == ("GET", "/a/../b", "192.0.2.7")


@pytest.mark.parametrize(
    ("status", "details", "reason"),
    [
        (400, "path_normalization_failed", Reason.UNSAFE_PATH),
        (400, "http1.codec_error", Reason.MALFORMED_REQUEST),
        (426, "low_version", Reason.MALFORMED_REQUEST),
        (404, "route_not_found", Reason.UNKNOWN_PATH),
        (408, "request_overall_timeout", Reason.BODY_INCOMPLETE),
        (413, "request_payload_too_large", Reason.BODY_TOO_LARGE),
        (431, "http1.headers_too_large", Reason.HEADERS_TOO_LARGE),
        (503, "upstream_reset_before_response_started{connection_termination}", Reason.UNAVAILABLE),
        (503, "upstream_reset_before_response_started{overflow}", Reason.OVERLOADED),
        (504, "response_timeout", Reason.UPSTREAM_TIMEOUT),
        (500, "x", Reason.INTERNAL),
        (499, "x", Reason.MALFORMED_REQUEST),
        (599, "x", Reason.INTERNAL),
    ],
)
def test_the_reason_is_the_one_that_the_caller_was_told(status, details, reason):
    event = read(status=status, details=details)
    assert event is not None
    assert (event.status, event.reason) == (status, reason.value)


def test_a_stream_that_was_reset_without_an_answer_counts_as_malformed():
    event = read(status=0, correlation=None, details="http2.invalid.header.field", method=None, path=None)
    assert event is not None
    assert (event.status, event.reason, event.correlation, event.path) == (400, "malformed-request", "", "")


def test_a_call_that_a_worker_had_is_the_workers_to_record():
    assert read(status=0, details="downstream_remote_disconnect", worker="/run/gw0.sock") is None
    assert read(status=504, details="downstream_local_disconnect", worker="/run/gw0.sock") is None
    assert read(status=503, details="upstream_reset_before_response_started{x}", worker="/run/gw0.sock") is not None


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'{"at":"x"}', b'{"at":1}', b'{"status":400}', b"\0" * 40])
def test_what_is_no_line_is_passed_over(line):
    assert read_refusal(line) is None


def test_the_log_holds_no_query_and_only_what_no_worker_answered(tmp_path):
    (log,) = refusal_log(tmp_path / "log")
    assert log["typed_config"]["path"] == str(tmp_path / "log")
    form = log["typed_config"]["log_format"]["json_format"]
    assert form["path"] == "%PATH(NQ):256%"
    assert form["correlation"] == "%RESP(x-correlation-id)%"
    numbers, expression = log["filter"]["and_filter"]["filters"]
    assert [each["status_code_filter"]["comparison"]["op"] for each in numbers["or_filter"]["filters"]] == ["GE", "EQ"]
    assert "via_upstream" in json.dumps(expression)
