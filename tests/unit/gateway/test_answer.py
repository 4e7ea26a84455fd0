import pytest

from ringfence.gateway.answer import answer_head, chunk, declared_length, has_body, let_go
from ringfence.message import Response


class Stream:
    closed = False

    def __aiter__(self):
        return self

    async def __anext__(self):
        raise StopAsyncIteration

    async def aclose(self):
        self.closed = True


def head(response, method="GET", length=0, *, keep_alive=True):
    return answer_head(response, method, length, keep_alive=keep_alive).decode().split("\r\n")


def test_a_head_is_written_as_the_response_says():
    lines = head(Response(201, (("content-type", "text/plain"), ("x-a", "1"), ("x-a", "2"))), length=5)
    assert lines == [
        "HTTP/1.1 201 Created",
        "content-type: text/plain",
        "x-a: 1",
        "x-a: 2",
        "content-length: 5",
        "",
        "",
    ]


def test_framing_is_ours_whatever_the_response_says():
    response = Response(
        200, (("content-length", "99"), ("transfer-encoding", "chunked"), ("connection", "x"), ("te", "y"))
    )
    assert head(response, length=5) == ["HTTP/1.1 200 OK", "content-length: 5", "", ""]
    assert head(response, length=None) == ["HTTP/1.1 200 OK", "transfer-encoding: chunked", "", ""]


def test_the_last_answer_says_so():
    assert "connection: close" in head(Response(200, ()), keep_alive=False)


@pytest.mark.parametrize(
    ("response", "method", "expected"),
    [
        (Response(204, (("content-length", "5"),)), "GET", []),
        (Response(304, (("content-length", "5"),)), "GET", ["content-length: 5"]),
        (Response(304, ()), "GET", []),
        (Response(200, (("content-length", "5"),)), "HEAD", ["content-length: 5"]),
        (Response(200, (), b"abc"), "HEAD", ["content-length: 3"]),
        (Response(200, (), Stream()), "HEAD", []),
    ],
)
def test_without_a_body_no_false_length_is_told(response, method, expected):
    assert not has_body(method, response.status)
    assert head(response, method)[1:-2] == expected


@pytest.mark.parametrize(
    "response",
    [
        Response(200, (("x-a", "1\r\nx-b: 2"),)),
        Response(200, (("x-a", "1\nx-b: 2"),)),
        Response(200, (("x-a", "1\r\n"),)),
        Response(200, (("x-a", "1\r"),)),
        Response(200, (("x-a", "\x00"),)),
        Response(200, (("x-a", "é"),)),
        Response(200, (("x a", "1"),)),
        Response(200, (("X-A", "1"),)),
        Response(200, (("x-a:", "1"),)),
        Response(200, (("", "1"),)),
        Response(100, ()),
        Response(101, ()),
        Response(600, ()),
    ],
)
def test_what_would_say_something_else_is_not_written(response):
    with pytest.raises(ValueError):
        head(response)


@pytest.mark.parametrize(("value", "expected"), [("5", 5), ("x", None), ("-1", None), ("٥", None)])
def test_the_declared_length(value, expected):
    assert declared_length(Response(200, (("content-length", value),))) == expected
    assert declared_length(Response(200, ())) is None


def test_a_chunk():
    assert chunk(b"a" * 17) == b"11\r\n" + b"a" * 17 + b"\r\n"


async def test_a_stream_is_let_go_and_bytes_are_left_alone():
    stream = Stream()
    await let_go(stream)
    await let_go(b"abc")
    assert stream.closed
