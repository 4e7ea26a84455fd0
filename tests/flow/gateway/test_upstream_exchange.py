"""Upstreams down, slow, closing early, answering garbage: a clear refusal in time, and no connection left."""

import asyncio
import time

import pytest

from ringfence.policy.model import Upstream
from ringfence.problem import Reason, Refused

pytestmark = [pytest.mark.flow, pytest.mark.timeout(30, method="thread")]  # uvloop does not hear the signal

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


async def read(response):
    body = response.body
    return body if isinstance(body, bytes) else b"".join([piece async for piece in body])


async def refusal(pool, upstream, method="GET", body=b"", within=2.0):
    started = time.monotonic()
    with pytest.raises(Refused) as refused:
        await read(await pool.send("a", upstream, method, "/x", (), body))
    assert time.monotonic() - started < within
    await asyncio.sleep(0.02)
    assert pool.stats()["a"].open == 0
    return refused.value.reason


async def test_a_payment_and_the_next_on_the_same_connection(upstream, pool):
    served, settings = await upstream(lambda c: c.serve(OK))
    for _ in range(3):
        response = await pool.send("a", settings, "POST", "/pay?x=1", (("accept", "*/*"),), b"{}")
        assert (response.status, response.body) == (200, b"ok")
    assert served.connections == 1
    host = settings.url.split("/")[2].encode()
    assert served.requests[0] == (
        b"POST /base/pay?x=1 HTTP/1.1\r\nhost: " + host + b"\r\naccept: */*\r\ncontent-length: 2\r\n\r\n", b"{}",
    )  # fmt: skip
    assert (pool.stats()["a"].open, pool.stats()["a"].idle) == (1, 1)


async def test_nobody_listens(pool):
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    settings = Upstream(url=f"http://127.0.0.1:{port}")
    assert await refusal(pool, settings) is Reason.UPSTREAM_UNREACHABLE


async def test_a_name_that_does_not_exist(pool):
    settings = Upstream(url="http://nowhere.invalid", connect_timeout_seconds=5)
    assert await refusal(pool, settings, within=6) in {Reason.UPSTREAM_UNREACHABLE, Reason.UPSTREAM_TIMEOUT}


async def test_silence_before_the_answer(upstream, pool):
    async def script(connection):
        await connection.request()
        await connection.gone()

    served, settings = await upstream(script, timeout_seconds=0.15)
    assert await refusal(pool, settings, "POST", b"{}") is Reason.UPSTREAM_TIMEOUT
    assert len(served.requests) == 1


async def test_dripping_heads_do_not_extend_the_time(upstream, pool):
    async def script(connection):
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\n", *[b"x: y\r\n"] * 50, gap=0.05)

    _, settings = await upstream(script, timeout_seconds=0.2)
    assert await refusal(pool, settings, within=0.6) is Reason.UPSTREAM_TIMEOUT


async def test_endless_interim_answers_do_not_extend_the_time(upstream, pool):
    async def script(connection):
        await connection.request()
        await connection.send(*[b"HTTP/1.1 102 Processing\r\n\r\n"] * 10, gap=0.05)
        await connection.gone()

    _, settings = await upstream(script, timeout_seconds=0.2)
    assert await refusal(pool, settings, within=0.6) is Reason.UPSTREAM_TIMEOUT


@pytest.mark.parametrize("length", [b"content-length: 10", b"content-length: 100000", b"transfer-encoding: chunked"])
async def test_silence_within_the_body(upstream, pool, length):
    async def script(connection):
        await connection.request()
        await connection.send(
            b"HTTP/1.1 200 OK\r\n" + length + b"\r\n\r\n5\r\nhello\r\n"[: 100 if b"chunk" in length else 9]
        )
        await connection.gone()

    _, settings = await upstream(script, timeout_seconds=5, idle_timeout_seconds=0.15)
    assert await refusal(pool, settings, within=1) is Reason.UPSTREAM_TIMEOUT


async def test_a_slow_body_that_keeps_coming_is_no_silence(upstream, pool):
    async def script(connection):
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        await connection.send(*[b"1\r\nx\r\n"] * 6, b"0\r\n\r\n", gap=0.06)

    _, settings = await upstream(script, timeout_seconds=0.2, idle_timeout_seconds=0.2)
    assert await read(await pool.send("a", settings, "GET", "/", (), b"")) == b"xxxxxx"


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        ([], Reason.UPSTREAM_UNREACHABLE),
        ([b"HTTP/1.1 200 OK\r\nconte"], Reason.UPSTREAM_INVALID),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok"], Reason.UPSTREAM_INVALID),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", b"ok"], Reason.UPSTREAM_INVALID),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n"], Reason.UPSTREAM_INVALID),
        ([b"\x15\x03\x03\x00\x02\x02\x0a"], Reason.UPSTREAM_INVALID),
        ([b"<html>no</html>"], Reason.UPSTREAM_INVALID),
    ],
)
@pytest.mark.parametrize("how", ["close", "reset"])
async def test_an_early_end(upstream, pool, pieces, reason, how):
    async def script(connection):
        await connection.request()
        await connection.send(*pieces, gap=0.02)
        if how == "reset":
            connection.reset()

    _, settings = await upstream(script)
    assert await refusal(pool, settings, "POST", b"{}") is reason


async def test_a_body_until_the_end_of_the_connection(upstream, pool):
    async def script(connection):
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\n\r\n", b"hel", b"lo", gap=0.01)

    _, settings = await upstream(script)
    assert await read(await pool.send("a", settings, "GET", "/", (), b"")) == b"hello"


async def test_an_answer_before_the_request_is_through(upstream, pool):
    async def script(connection):
        await connection.reader.readuntil(b"\r\n\r\n")
        await connection.send(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno")
        await connection.gone()

    _, settings = await upstream(script)
    response = await pool.send("a", settings, "POST", "/", (), b"x" * 20_000_000)
    assert (response.status, response.body) == (413, b"no")
    await asyncio.sleep(0.02)
    assert pool.stats()["a"].open == 0


async def test_a_large_body_streams_both_ways_without_being_held(upstream, pool):
    sent = 0

    async def script(connection):
        nonlocal sent
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 50000000\r\n\r\n")
        for _ in range(500):
            await connection.send(b"x" * 100_000)
            sent += 100_000

    served, settings = await upstream(script, idle_timeout_seconds=0.1)
    response = await pool.send("a", settings, "POST", "/", (), b"y" * 3_000_000)
    assert len(served.requests[0][1]) == 3_000_000
    await asyncio.sleep(0.3)
    assert sent < 20_000_000, "the upstream was not held back"
    assert len(await read(response)) == 50_000_000


async def test_a_caller_who_gives_up_closes_the_connection(upstream, pool):
    async def script(connection):
        await connection.request()
        await connection.gone()

    served, settings = await upstream(script)
    call = asyncio.create_task(pool.send("a", settings, "GET", "/", (), b""))
    await asyncio.sleep(0.05)
    assert pool.stats()["a"].open == 1
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.sleep(0.05)
    assert (pool.stats()["a"].open, served.ended) == (0, 1)


@pytest.mark.parametrize("how", ["forgotten", "closed"])
async def test_a_stream_that_nobody_reads_closes_the_connection(upstream, pool, how):
    async def script(connection):
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        await connection.gone()

    served, settings = await upstream(script)
    response = await pool.send("a", settings, "GET", "/", (), b"")
    if how == "closed":
        await response.body.aclose()
    del response
    await asyncio.sleep(0.05)
    assert (pool.stats()["a"].open, served.ended) == (0, 1)
