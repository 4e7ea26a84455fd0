"""Responses as octets, well-formed and not, cut in every place. Times and real sockets: tests/flow/gateway."""

import asyncio
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.gateway.upstream_connection import MOST_INTERIM, WHOLE, UpstreamConnection
from ringfence.policy.model import Upstream
from ringfence.problem import Reason, Refused

UPSTREAM = Upstream(url="http://127.0.0.1:1", max_header_bytes=2000)


class Transport:
    """Records; has a real socket only so that its readiness can be asked."""

    def __init__(self):
        self.socket, self.far = socket.socketpair()
        self.out = b""
        self.closed = False
        self.paused = False
        self.unsent = 0

    def get_extra_info(self, name):
        return self.socket

    def write(self, data):
        self.out += data

    def abort(self):
        self.closed = True

    def is_closing(self):
        return self.closed

    def pause_reading(self):
        self.paused = True

    def resume_reading(self):
        self.paused = False

    def get_write_buffer_size(self):
        return self.unsent


class Wire:
    """A connection with its transport, and what became of it."""

    def __init__(self):
        self.ended = []
        self.gone = []
        self.connection = UpstreamConnection(self.ended.append, self.gone.append)
        self.transport = Transport()
        self.connection.connection_made(self.transport)

    def ask(self, method="GET", body=b"", upstream=UPSTREAM):
        return self.connection.exchange(method, b"HEAD\r\n\r\n", body, upstream)

    def lose(self, exc=None):
        self.connection.connection_lost(exc)

    @property
    def reusable(self):
        return len(self.ended) == 1 and not self.transport.closed


@pytest.fixture
async def wire():
    made = Wire()
    yield made
    made.lose()
    made.transport.socket.close()
    made.transport.far.close()


async def outcome(answer):
    response = await asyncio.wait_for(answer, 1)
    body = response.body
    return response.status, body if isinstance(body, bytes) else b"".join([piece async for piece in body])


def step(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    ("data", "method", "expected"),
    [
        (OK, "GET", (200, b"ok")),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1;ext=1\r\nk\r\n0\r\nx-t: 1\r\n\r\n", "GET", (200, b"ok")),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "GET", (204, b"")),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", "GET", (304, b"")),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", "HEAD", (200, b"")),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "HEAD", (200, b"")),
        (b"HTTP/1.1 200 OK\r\n\r\n", "HEAD", (200, b"")),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, "GET", (200, b"ok")),
        (b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 102 P\r\n\r\n" + OK, "GET", (200, b"ok")),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "GET", (200, b"")),
        (b"HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", "GET", (200, b"")),
    ],
)  # fmt: skip
async def test_a_good_response_leaves_the_connection_for_the_next(wire, data, method, expected, size):
    for _ in range(2):
        wire.ended.clear()
        answer = wire.ask(method)
        for piece in step(data, size):
            wire.connection.data_received(piece)
        assert await outcome(answer) == expected
        assert wire.reusable
        assert wire.connection.alive


async def test_lengths_are_told_where_the_body_does_not_tell_them(wire):
    answer = wire.ask("HEAD")
    wire.connection.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")
    assert (await answer).headers == (("content-length", "9"),)
    answer = wire.ask()
    wire.connection.data_received(OK)
    assert (await answer).headers == ()
    answer = wire.ask()
    wire.connection.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (WHOLE + 1))
    response = await answer
    assert response.headers == (("content-length", str(WHOLE + 1)),)
    await response.body.aclose()
    assert wire.transport.closed


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", b"ok"),
        (OK + b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil", b"ok"),
        (OK + b"garbage", b"ok"),
        (OK + b"\x00", b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\nbody", b""),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 4\r\n\r\nbody", b""),
    ],
)
async def test_a_response_is_passed_on_and_the_connection_is_not_used_again(wire, data, expected):
    answer = wire.ask()
    wire.connection.data_received(data)
    assert (await outcome(answer))[1] == expected
    assert wire.transport.closed
    assert not wire.ended


async def test_a_head_response_with_a_body_ends_the_connection(wire):
    answer = wire.ask("HEAD")
    wire.connection.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")
    assert (await outcome(answer))[1] == b""
    assert wire.transport.closed


async def test_octets_between_exchanges_end_the_connection(wire):
    answer = wire.ask()
    wire.connection.data_received(OK)
    await answer
    wire.connection.data_received(OK)
    assert wire.transport.closed


async def test_an_end_that_the_loop_has_not_seen_is_seen(wire):
    assert wire.connection.alive
    wire.transport.far.close()
    assert not wire.connection.alive


async def test_stray_octets_that_the_loop_has_not_seen_are_seen(wire):
    wire.transport.far.send(b"x")
    assert not wire.connection.alive


async def test_an_answer_before_the_request_is_sent_ends_the_connection_afterwards(wire):
    answer = wire.ask("POST", b"x" * (WHOLE + 1))
    wire.transport.unsent = 5
    wire.connection.data_received(OK)
    assert await outcome(answer) == (200, b"ok")
    assert wire.transport.closed


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 99 X\r\n\r\n",
        b"HTTP/1.1 700 X\r\n\r\n",
        b"HTTP/1.1 200 OK\ncontent-length: 2\n\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nx: a\x01b\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nx: \xff\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nx y: a\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nx: a\r\n folded\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nx: " + b"a" * 3000 + b"\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nx: " + b"a" * 3000,
        b"HTTP/1.1 200 OK\r\n" + b"x: a\r\n" * 201 + b"content-length: 2\r\n\r\nok",
        b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\ncontent-length: 5\r\n\r\n" + OK,
        b"HTTP/1.1 100 Continue\r\n\r\n" * (MOST_INTERIM + 1) + OK,
    ],
)
async def test_what_is_no_answer_is_refused_and_the_connection_ended(wire, data):
    answer = wire.ask()
    wire.connection.data_received(data)
    with pytest.raises(Refused) as refused:
        await outcome(answer)
    assert refused.value.reason is Reason.UPSTREAM_INVALID
    assert wire.transport.closed
    assert not wire.ended


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.UPSTREAM_UNREACHABLE),
        (b"HTTP/1.1 200 OK\r\nconte", Reason.UPSTREAM_INVALID),
        (b"HTTP/1.1 100 Continue\r\n\r\n", Reason.UPSTREAM_INVALID),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel", Reason.UPSTREAM_INVALID),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel", Reason.UPSTREAM_INVALID),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n", Reason.UPSTREAM_INVALID),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\nZZ\r\n", Reason.UPSTREAM_INVALID),
    ],
)
async def test_an_early_end_is_no_answer(wire, data, reason):
    answer = wire.ask()
    if data:
        wire.connection.data_received(data)
    wire.lose()
    with pytest.raises(Refused) as refused:
        await outcome(answer)
    assert refused.value.reason is reason
    assert wire.connection.broke_unanswered is (not data)
    assert len(wire.gone) == 1
    wire.lose = lambda: None


async def test_a_body_may_last_until_the_end_but_not_until_a_reset(wire):
    answer = wire.ask()
    wire.connection.data_received(b"HTTP/1.1 200 OK\r\n\r\nhel")
    wire.connection.data_received(b"lo")
    wire.lose()
    assert await outcome(answer) == (200, b"hello")
    other = Wire()
    answer = other.ask()
    other.connection.data_received(b"HTTP/1.1 200 OK\r\n\r\nhel")
    other.lose(ConnectionResetError())
    with pytest.raises(Refused):
        await outcome(answer)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n01234567890",
    ],
)
async def test_a_body_larger_than_the_policy_takes(wire, data):
    answer = wire.ask(upstream=Upstream(url="http://127.0.0.1:1", max_response_bytes=10))
    wire.connection.data_received(data)
    with pytest.raises(Refused) as refused:
        await outcome(answer)
    assert refused.value.reason is Reason.UPSTREAM_INVALID


@pytest.mark.parametrize("flood", [b"1;" + b"x" * 4000, b"0\r\nx: " + b"a" * 4000, b"0\r\n" + b"x: a\r\n" * 1000])
async def test_a_flood_of_what_is_no_content_is_cut(wire, flood):
    answer = wire.ask()
    wire.connection.data_received(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n")
    response = await answer
    for piece in step(flood, 500):
        wire.connection.data_received(piece)
    with pytest.raises(Refused):
        _ = [piece async for piece in response.body]
    assert wire.transport.closed


async def test_a_slow_caller_holds_the_upstream(wire):
    answer = wire.ask()
    wire.connection.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n")
    response = await answer
    for _ in range(2):
        wire.connection.data_received(b"x" * 60_000)
    assert wire.transport.paused
    await anext(response.body)
    await anext(response.body)
    assert not wire.transport.paused
    await response.body.aclose()


async def test_giving_up_ends_the_exchange_and_only_its_own(wire):
    first = wire.ask()
    wire.connection.data_received(OK)
    second = wire.ask()
    wire.connection.give_up(first)
    assert not wire.transport.closed
    wire.connection.give_up(second)
    assert wire.transport.closed
    second.cancel()


async def test_a_connection_lost_before_its_first_exchange(wire):
    wire.lose()
    with pytest.raises(Refused) as refused:
        await wire.ask()
    assert refused.value.reason is Reason.UPSTREAM_UNREACHABLE
    wire.lose = lambda: None


PIECES = st.sampled_from(
    [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 C\r\n", b"HTTP/1.1 204 N\r\n", b"HTTP/1.0 200 OK\r\n", b"\r\n", b"content-length: 3\r\n",
     b"transfer-encoding: chunked\r\n", b"connection: close\r\n", b"abc", b"3\r\nabc\r\n", b"0\r\n\r\n", b"x: y\r\n", b"\n", b"\x00"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.binary(max_size=6), max_size=14), st.sampled_from(["GET", "HEAD", "POST"]), st.booleans())
def test_whatever_comes_is_a_response_or_refused(pieces, method, reset):
    async def run():
        wire = Wire()
        answer = wire.ask(method)
        for piece in pieces:
            if not wire.transport.closed:
                wire.connection.data_received(piece)
        wire.lose(ConnectionResetError() if reset else None)
        wire.transport.socket.close()
        wire.transport.far.close()
        (got,) = await asyncio.gather(outcome(answer), return_exceptions=True)
        if isinstance(got, Refused):
            assert got.reason in {Reason.UPSTREAM_INVALID, Reason.UPSTREAM_UNREACHABLE}
        else:
            assert 200 <= got[0] < 600
        assert len(wire.ended) <= 1

    asyncio.run(run())
