import pytest

from ringfence.ids import CorrelationId
from ringfence.message import Peer, Request, TraceContext
from ringfence.oauth.json_body import MOST_MEMBERS, read_object
from ringfence.problem import Reason, Refused


def request(body: bytes, *headers: tuple[str, str], query: str = "") -> Request:
    return Request(
        "POST", "https", "h", "/", query, headers or (("content-type", "application/json"),), body, Peer(""),
        CorrelationId("c"), TraceContext("", "", sampled=False),
    )  # fmt: skip


def test_an_object_is_read():
    assert read_object(request(b'{"a": [1, {"b": null}]}')) == {"a": [1, {"b": None}]}
    assert read_object(request(b"{}", ("content-type", "Application/JSON; charset=utf-8"))) == {}


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (request(b"{}", ("content-type", "text/plain")), Reason.MEDIA_TYPE),
        (request(b"{}", ("x", "y")), Reason.MEDIA_TYPE),
        (request(b"{}", ("content-type", "application/json"), ("content-type", "text/plain")), Reason.MEDIA_TYPE),
        (request(b"{}", ("content-type", "application/json"), ("content-encoding", "gzip")), Reason.ENCODED_BODY),
        (request(b"{}", query="scope=x"), Reason.OAUTH_REQUEST),
        (request(b"[]"), Reason.OAUTH_REQUEST),
        (request(b'"x"'), Reason.OAUTH_REQUEST),
        (request(b""), Reason.JSON_MALFORMED),
        (request(b'{"a":1,"a":2}'), Reason.JSON_DUPLICATE_KEY),
        (request(b'{"a":' * 9 + b"1" + b"}" * 9), Reason.JSON_TOO_DEEP),
        (request(b"{" + b",".join(b'"m%d":1' % n for n in range(MOST_MEMBERS + 1)) + b"}"), Reason.OAUTH_REQUEST),
    ],
)
def test_what_is_no_object(asked, reason):
    with pytest.raises(Refused) as refused:
        read_object(asked)
    assert refused.value.reason is reason
