"""One connection, driven by octets through a transport that only records. Real sockets: tests/flow/gateway."""

import asyncio
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.gateway.connection import Connection, Hall
from ringfence.ids import system_random
from ringfence.message import Response
from ringfence.problem import Reason, Refused, problem_document

EDGE = b"host: a.example\r\nx-ringfence-peer: 192.0.2.7\r\nx-ringfence-listener: public\r\n"


class Transport:
    def __init__(self):
        self.out = b""
        self.closed = self.aborted = self.paused = False

    def write(self, data):
        self.out += data

    def close(self):
        self.closed = True

    def abort(self):
        self.closed = self.aborted = True

    def is_closing(self):
        return self.closed

    def pause_reading(self):
        self.paused = True

    def resume_reading(self):
        self.paused = False


class Gateway:
    def __init__(self, answer=None):
        self.seen = []
        self.refused = []
        self.bodies = []
        self.answer = answer or Response(200, (), b"ok")
        self.limit = 100

    async def __call__(self, request, read_body):
        self.seen.append(request)
        try:
            self.bodies.append(await read_body(self.limit))
        except Refused as refused:
            return self.turned_away(request, refused)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def turned_away(self, request, refused):
        self.refused.append((request, refused))
        return Response(refused.status, (), problem_document(refused, request.correlation))


def connect(gateway, **more):
    connection = Connection(Hall(gateway, more.get("max_header_bytes", 2000), system_random))
    transport = Transport()
    connection.connection_made(transport)
    return connection, transport


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


async def send(gateway, data, **more):
    connection, transport = connect(gateway, **more)
    connection.data_received(data)
    await settle()
    return transport


def request(line=b"GET /a", fields=b"", body=b""):
    return line + b" HTTP/1.1\r\n" + EDGE + fields + b"\r\n" + body


async def test_a_call_is_answered_and_the_connection_kept():
    gateway = Gateway()
    connection, transport = connect(gateway)
    for _ in range(3):
        connection.data_received(request(b"POST /a", b"content-length: 2\r\n", b"hi"))
        await settle()
    assert transport.out.count(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok") == 3
    assert not transport.closed
    assert gateway.bodies == [b"hi"] * 3
    assert connection.idle


async def test_octets_may_come_one_by_one():
    gateway = Gateway()
    connection, transport = connect(gateway)
    for octet in request(b"POST /a", b"transfer-encoding: chunked\r\n", b"2\r\nhi\r\n0\r\n\r\n"):
        connection.data_received(bytes([octet]))
    await settle()
    assert gateway.bodies == [b"hi"]
    assert transport.out.endswith(b"ok")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x16\x03\x01\x00garbage\r\n\r\n", Reason.MALFORMED_REQUEST),
        (b"GET /a HTTP/1.1\r\nhost : a\r\n\r\n", Reason.MALFORMED_REQUEST),
        (b"GET /a HTTP/1.1\nhost: a\n\n", Reason.MALFORMED_REQUEST),
        (b"GET /a HTTP/1.1\r\nhost: a\r\n folded\r\n\r\n", Reason.MALFORMED_REQUEST),
        (request(b"GET /a", b"x: a\rb\r\n"), Reason.MALFORMED_REQUEST),
        (request(b"GET /a", b"x: a\x00b\r\n"), Reason.MALFORMED_REQUEST),
        (b"GET /a HTTP/1.0\r\n" + EDGE + b"\r\n", Reason.MALFORMED_REQUEST),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Reason.MALFORMED_REQUEST),
        (request(b"GET http://b.example/a"), Reason.MALFORMED_REQUEST),
        (request(b"GET /a", b"connection: upgrade\r\nupgrade: websocket\r\n"), Reason.MALFORMED_REQUEST),
        (request(b"POST /a", b"content-length: 5\r\ntransfer-encoding: chunked\r\n"), Reason.MALFORMED_REQUEST),
        (request(b"POST /a", b"content-length: 5\r\ncontent-length: 5\r\n", b"hello"), Reason.MALFORMED_REQUEST),
        (request(b"TRACE /a"), Reason.METHOD_NOT_ALLOWED),
        (request(b"GET /a%2f..%2fb"), Reason.UNSAFE_PATH),
        (request(b"GET /a", b"authorization: DPoP a, DPoP b\r\n"), Reason.AMBIGUOUS_HEADER),
        (request(b"GET /a", b"x: " + b"a" * 3000 + b"\r\n"), Reason.HEADERS_TOO_LARGE),
        (b"GET /" + b"a" * 3000, Reason.HEADERS_TOO_LARGE),
    ],
)  # fmt: skip
async def test_what_is_no_call_is_turned_away_with_its_reason_and_an_id(data, reason):
    gateway = Gateway()
    transport = await send(gateway, data)
    assert not gateway.seen
    ((told, refused),) = gateway.refused
    assert refused.reason is reason
    assert len(told.correlation) == 26
    assert told.correlation.encode() in transport.out
    assert transport.out.startswith(b"HTTP/1.1 %d " % refused.status)


async def test_a_refused_head_without_body_leaves_the_connection_usable():
    gateway = Gateway()
    connection, transport = connect(gateway)
    connection.data_received(request(b"GET /a/../b"))
    connection.data_received(request())
    await settle()
    assert transport.out.endswith(b"ok")
    assert not transport.closed


async def test_a_second_request_behind_the_first_is_not_served():
    gateway = Gateway()
    transport = await send(gateway, request() + request(b"DELETE /b"))
    assert [seen.path for seen in gateway.seen] == ["/a"]
    assert b"connection: close" in transport.out
    assert transport.closed


async def test_a_second_request_during_the_first_is_not_served():
    gateway = Gateway()
    connection, transport = connect(gateway)
    connection.data_received(request())
    connection.data_received(request(b"DELETE /b"))
    await settle()
    assert [seen.path for seen in gateway.seen] == ["/a"]
    assert transport.closed


@pytest.mark.parametrize("bad", [b"ZZ\r\n", b"-1\r\n", b"2\r\nhixx", b"2 \x00\r\n"])
async def test_a_broken_chunk_is_an_incomplete_body(bad):
    gateway = Gateway()
    transport = await send(gateway, request(b"POST /a", b"transfer-encoding: chunked\r\n", b"2\r\nhi\r\n" + bad))
    assert [refused.reason for _, refused in gateway.refused] == [Reason.BODY_INCOMPLETE]
    assert gateway.bodies == []
    assert transport.closed


async def test_a_body_cut_short_is_never_taken_for_whole():
    gateway = Gateway()
    connection, transport = connect(gateway)
    connection.data_received(request(b"POST /a", b"transfer-encoding: chunked\r\n", b"2\r\nhi\r\n"))
    assert connection.eof_received()
    await settle()
    assert [refused.reason for _, refused in gateway.refused] == [Reason.BODY_INCOMPLETE]
    assert b"400" in transport.out
    assert transport.closed


async def test_an_early_refusal_takes_the_rest_of_the_body_before_it_closes():
    gateway = Gateway()
    connection, transport = connect(gateway)
    connection.data_received(request(b"POST /a", b"content-length: 1000\r\n", b"x" * 10))
    await settle()
    assert transport.out.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in transport.out
    assert not transport.closed
    connection.data_received(b"x" * 990)
    assert transport.closed


async def test_a_handler_that_breaks_is_a_500_without_its_words(capsys):
    gateway = Gateway(RuntimeError("the password is hunter2"))
    transport = await send(gateway, request())
    assert transport.out.startswith(b"HTTP/1.1 500 ")
    assert b"hunter2" not in transport.out
    ((_, refused),) = gateway.refused
    assert (refused.reason, refused.private) == (Reason.INTERNAL, "RuntimeError")


async def test_a_refusal_that_the_handler_lets_through_keeps_its_reason():
    gateway = Gateway(Refused(Reason.RATE_LIMITED))
    transport = await send(gateway, request())
    assert transport.out.startswith(b"HTTP/1.1 429 ")


async def test_even_a_refusal_that_breaks_is_answered():
    class Broken(Gateway):
        def turned_away(self, request, refused):
            raise RuntimeError

    for data in (request(), request(b"TRACE /a")):
        transport = await send(Broken(RuntimeError()), data)
        assert transport.out.startswith(b"HTTP/1.1 500 ")


async def test_an_answer_that_cannot_be_written_becomes_a_500():
    transport = await send(Gateway(Response(200, (("x", "a\r\nb: c"),), b"ok")), request())
    assert transport.out == b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("line", "answer", "expected"),
    [
        (b"HEAD /a", Response(200, (), b"ok"), b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"),
        (b"GET /a", Response(204, (), b""), b"HTTP/1.1 204 No Content\r\n\r\n"),
        (
            b"GET /a",
            Response(304, (("content-length", "9"),)),
            b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n",
        ),
    ],
)
async def test_answers_without_body(line, answer, expected):
    transport = await send(Gateway(answer), request(line))
    assert transport.out == expected


class Pieces:
    def __init__(self, *pieces, error=None):
        self.pieces = list(pieces)
        self.error = error
        self.closed = False

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.pieces:
            return self.pieces.pop(0)
        if self.error:
            raise self.error
        raise StopAsyncIteration

    async def aclose(self):
        self.closed = True


async def test_a_stream_without_length_is_chunked():
    transport = await send(Gateway(Response(200, (), Pieces(b"ab", b"", b"c"))), request())
    assert transport.out == b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    assert not transport.closed


async def test_a_stream_with_length_is_framed_by_it():
    transport = await send(Gateway(Response(200, (("content-length", "3"),), Pieces(b"ab", b"c"))), request())
    assert transport.out == b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((), Pieces(b"ab", error=Refused(Reason.UPSTREAM_INVALID))),
        ((), Pieces(error=OSError())),
        ((("content-length", "3"),), Pieces(b"ab")),
        ((("content-length", "3"),), Pieces(b"ab", b"cd")),
    ],
)
async def test_a_stream_that_breaks_breaks_the_connection(headers, body):
    transport = await send(Gateway(Response(200, headers, body)), request())
    assert transport.aborted
    assert not transport.out.endswith(b"0\r\n\r\n")
    assert b"abcd" not in transport.out
    assert body.closed


@pytest.mark.parametrize("line", [b"HEAD /a"])
async def test_a_stream_that_nobody_gets_is_let_go(line):
    body = Pieces(b"ab")
    transport = await send(Gateway(Response(200, (), body)), request(line))
    assert body.closed
    assert transport.out == b"HTTP/1.1 200 OK\r\n\r\n"


async def test_a_stream_waits_for_a_slow_reader():
    gateway = Gateway(Response(200, (("content-length", "3"),), Pieces(b"a", b"b", b"c")))
    connection, transport = connect(gateway)
    connection.pause_writing()
    connection.data_received(request())
    await settle()
    assert transport.out.endswith(b"\r\n\r\na")
    connection.resume_writing()
    await settle()
    assert transport.out.endswith(b"abc")


async def test_a_caller_who_leaves_stops_the_work():
    stopped = []

    class Slow(Gateway):
        async def __call__(self, request, read_body):
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                stopped.append(request.path)
                raise

    connection, _ = connect(Slow())
    connection.data_received(request())
    await settle()
    assert not connection.eof_received()
    connection.connection_lost(None)
    await settle()
    assert stopped == ["/a"]
    assert not connection._hall.connections


async def test_while_draining_every_answer_is_the_last():
    gateway = Gateway()
    connection, transport = connect(gateway)
    connection._hall.draining = True
    connection.data_received(request())
    await settle()
    assert b"connection: close" in transport.out
    assert transport.closed


async def test_an_invitation_to_send_the_body():
    gateway = Gateway()
    connection, transport = connect(gateway)
    connection.data_received(request(b"POST /a", b"expect: 100-continue\r\ncontent-length: 2\r\n"))
    await settle()
    assert transport.out == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.data_received(b"hi")
    await settle()
    assert gateway.bodies == [b"hi"]


PIECES = st.sampled_from(
    [b"GET ", b"POST ", b"/a", b" HTTP/1.1\r\n", EDGE, b"\r\n", b"content-length: 3\r\n", b"transfer-encoding: chunked\r\n",
     b"abc", b"3\r\nabc\r\n", b"0\r\n\r\n", b"\n", b":", b" ", b"\x00", b"expect: 100-continue\r\n", b"connection: close\r\n"]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(PIECES | st.binary(max_size=6), max_size=14))
def test_whatever_comes_is_answered_or_ended(pieces):
    async def run():
        gateway = Gateway()
        connection, transport = connect(gateway)
        for piece in pieces:
            if not transport.closed:
                connection.data_received(piece)
        await settle()
        if not transport.closed:
            connection.eof_received()
        connection.connection_lost(None)
        await settle()
        # a refusal may speak of HTTP/1.1 in its body
        answered = len(re.findall(rb"HTTP/1\.1 [2-5]\d\d ", transport.out))
        assert answered <= len(gateway.seen) + len(gateway.refused)
        assert all(len(request.correlation) == 26 for request in gateway.seen)

    asyncio.run(run())
