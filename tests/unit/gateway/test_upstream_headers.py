import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.gateway.fields import RESPONSE_HIDDEN
from ringfence.gateway.upstream_headers import MOST_FIELDS, Framing, request_head, response_head
from ringfence.problem import Reason, Refused


def head(method="GET", target="/a", headers=(), length=0):
    return request_head(method, target, "bank.internal:8080", tuple(headers), length).decode().split("\r\n")


def test_a_request_is_written_with_our_framing_and_without_what_ends_here():
    headers = [
        ("host", "public.example"), ("content-length", "99"), ("transfer-encoding", "chunked"), ("te", "trailers"),
        ("connection", "x-mine"), ("x-mine", "1"), ("upgrade", "h2c"), ("expect", "100-continue"),
        ("keep-alive", "1"), ("proxy-authorization", "x"), ("accept", "*/*"), ("x-ringfence-client", "c"),
    ]  # fmt: skip
    assert head("POST", "/a?b=c", headers, 5) == [
        "POST /a?b=c HTTP/1.1", "host: bank.internal:8080", "accept: */*", "x-ringfence-client: c",
        "content-length: 5", "", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "length", "told"),
    [
        ("GET", 0, False),
        ("HEAD", 0, False),
        ("DELETE", 0, False),
        ("POST", 0, True),
        ("PUT", 0, True),
        ("DELETE", 3, True),
    ],
)
def test_a_length_is_told_where_one_is_expected(method, length, told):
    assert (f"content-length: {length}" in head(method, length=length)) is told


@pytest.mark.parametrize(
    "wrong",
    [
        {"headers": [("x", "a\r\nhost: evil")]},
        {"headers": [("x", "a\nb: c")]},
        {"headers": [("x", "a\r")]},
        {"headers": [("x", "\x00")]},
        {"headers": [("x", "é")]},
        {"headers": [("x", "\ud800")]},
        {"headers": [("x y", "a")]},
        {"headers": [("X", "a")]},
        {"headers": [("x\r\nb", "a")]},
        {"headers": [("", "a")]},
        {"headers": [("\ud800", "a")]},
        {"target": "/a b"},
        {"target": "/a HTTP/1.1\r\nx: y"},
        {"target": "a"},
        {"target": ""},
        {"target": "/é"},
        {"method": "GET /evil HTTP/1.1\r\nx:"},
        {"method": "GET "},
    ],
)
def test_nothing_can_be_injected(wrong):
    with pytest.raises(Refused) as refused:
        head(**wrong)
    assert refused.value.reason is Reason.INTERNAL


@given(
    method=st.sampled_from(["GET", "POST"]) | st.text(max_size=10),
    target=st.text(max_size=20).map("/".__add__),
    headers=st.lists(
        st.tuples(st.sampled_from(["x", "accept", "Host"]) | st.text(max_size=6), st.text(max_size=20)), max_size=5
    ),
)
def test_whatever_comes_one_request_goes_out_or_none(method, target, headers):
    try:
        lines = head(method, target, headers)
    except Refused:
        return
    assert lines[-2:] == ["", ""]
    assert lines[0] == f"{method} {target} HTTP/1.1"
    assert sum(line.startswith("host:") for line in lines) == 1
    assert all(line and line.isascii() for line in lines[:-2])


def read(*fields, status=200, version="1.1", method="GET"):
    return response_head(status, version, fields, method=method)


def test_a_response_is_stripped_of_what_ends_here_and_what_tells_too_much():
    got = read(
        (b"Content-Type", b" text/plain "), (b"Set-Cookie", b"a"), (b"Set-Cookie", b"b"), (b"Connection", b"keep-alive, X-Own"),
        (b"x-own", b"1"), (b"Keep-Alive", b"5"), (b"Server", b"x"), (b"X-Powered-By", b"x"), (b"Via", b"x"),
        (b"X-Envoy-Upstream-Service-Time", b"1"), (b"x-ringfence-client", b"x"), (b"trailer", b"x"), (b"content-length", b"5"),
    )  # fmt: skip
    assert got.headers == (("content-type", "text/plain"),)
    assert (got.framing, got.length, got.keep_alive) == (Framing.LENGTH, 5, True)


@pytest.mark.parametrize("name", sorted(RESPONSE_HIDDEN))
def test_each_hidden_field_is_hidden(name):
    assert read((name.title().encode(), b"x")).headers == ()


@pytest.mark.parametrize(
    ("fields", "more", "framing", "keep_alive"),
    [
        ([(b"transfer-encoding", b"Chunked")], {}, Framing.CHUNKED, True),
        ([(b"content-length", b"0")], {}, Framing.LENGTH, True),
        ([], {}, Framing.UNTIL_CLOSE, False),
        ([(b"content-length", b"5")], {"method": "HEAD"}, Framing.NONE, True),
        ([(b"content-length", b"5")], {"status": 304}, Framing.NONE, True),
        ([], {"status": 204}, Framing.NONE, True),
        ([(b"content-length", b"5"), (b"connection", b"Close")], {}, Framing.LENGTH, False),
        ([(b"content-length", b"5")], {"version": "1.0"}, Framing.LENGTH, False),
        ([(b"content-length", b"5"), (b"connection", b"keep-alive")], {"version": "1.0"}, Framing.LENGTH, False),
    ],
)
def test_framing(fields, more, framing, keep_alive):
    got = read(*fields, **more)
    assert (got.framing, got.keep_alive) == (framing, keep_alive)


@pytest.mark.parametrize(
    ("fields", "more"),
    [
        ([(b"content-length", b"5"), (b"content-length", b"5")], {}),
        ([(b"content-length", b"5, 5")], {}),
        ([(b"content-length", b"-5")], {}),
        ([(b"content-length", b"+5")], {}),
        ([(b"content-length", b"")], {}),
        ([(b"content-length", b"1" * 20)], {}),
        ([(b"content-length", b"5"), (b"transfer-encoding", b"chunked")], {}),
        ([(b"content-length", b"5"), (b"transfer-encoding", b"chunked")], {"method": "HEAD"}),
        ([(b"transfer-encoding", b"gzip, chunked")], {}),
        ([(b"transfer-encoding", b"identity")], {}),
        ([(b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")], {}),
        ([(b"transfer-encoding", b"\x0bchunked")], {}),
        ([(b"x", b"a\x00")], {}),
        ([(b"x", b"a\rb")], {}),
        ([(b"x", b"\xff")], {}),
        ([(b"x y", b"a")], {}),
        ([(b"", b"a")], {}),
        ([(b"x", b"a")] * (MOST_FIELDS + 1), {}),
        ([], {"status": 199}),
        ([], {"status": 600}),
        ([], {"version": "2.0"}),
        ([], {"version": "0.9"}),
    ],
)
def test_what_cannot_be_passed_on_is_refused(fields, more):
    with pytest.raises(Refused) as refused:
        read(*fields, **more)
    assert refused.value.reason is Reason.UPSTREAM_INVALID
    assert refused.value.detail == ""
