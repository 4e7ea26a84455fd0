import msgspec
import pytest

from ringfence.ids import CorrelationId
from ringfence.message import Peer, Request, TraceContext

TRACE = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", sampled=True)


def request(**changes):
    fields = {
        "method": "GET",
        "scheme": "https",
        "authority": "api.example:8443",
        "path": "/a/b%20c",
        "query": "x=1&y=",
        "headers": (("accept", "a"), ("x", "1"), ("x", "2")),
        "body": b"",
        "peer": Peer("192.0.2.1"),
        "correlation": CorrelationId("c"),
        "trace": TRACE,
    }
    return Request(**(fields | changes))


def test_traceparent_is_version_00_with_flags():
    assert TRACE.traceparent() == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert msgspec.structs.replace(TRACE, sampled=False).traceparent().endswith("-00")


def test_header_is_the_first_and_all_headers_are_all_in_order():
    assert request().header("x") == "1"
    assert request().all_headers("x") == ["1", "2"]
    assert request().header("y") is None
    assert request().all_headers("y") == []


def test_the_target_has_the_query_and_the_url_has_not():
    assert request().target == "/a/b%20c?x=1&y="
    assert request(query="").target == "/a/b%20c"
    assert request().url == "https://api.example:8443/a/b%20c"


def test_a_request_cannot_be_changed():
    with pytest.raises(AttributeError):
        request().path = "/other"
