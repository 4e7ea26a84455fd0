"""Calls on a worker's real socket, spoken by hand."""

import asyncio
import time

import pytest

from ringfence.message import Response
from ringfence.problem import Reason

pytestmark = [pytest.mark.flow, pytest.mark.timeout(30, method="thread")]  # uvloop does not hear the signal


async def echo(request, body):
    return Response(200, (("content-type", "text/plain"),), request.target.encode() + b" " + body)


async def test_calls_one_after_the_other_on_one_connection(worker, request_octets):
    served = await worker(echo)
    reader, writer = await served.connect()
    for number in range(3):
        writer.write(request_octets(b"POST /a?%d" % number, b"content-length: 2\r\n", b"hi"))
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(7) == b"/a?%d hi" % number
    writer.close()


async def test_many_connections_at_once(worker, request_octets):
    served = await worker(echo)
    answers = await asyncio.gather(*[served.call(request_octets(b"GET /%d" % n), 0.3) for n in range(50)])
    assert all(b"\r\n\r\n/%d " % n in answer for n, answer in enumerate(answers))


async def test_too_large_a_body_is_refused_before_it_is_sent(worker, request_octets):
    served = await worker(echo)
    answer = await served.call(request_octets(b"POST /a", b"content-length: 1000000000\r\n"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer
    assert answer.endswith(b"<end>")


async def test_too_large_a_body_without_length_is_refused_while_it_comes(worker, request_octets):
    served = await worker(echo)
    reader, writer = await served.connect()
    writer.write(request_octets(b"POST /a", b"transfer-encoding: chunked\r\n"))
    for _ in range(2000):
        writer.write(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        await writer.drain()
        if served.gateway.refused:
            break
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 413 ")
    assert [refused.reason for refused in served.gateway.refused] == [Reason.BODY_TOO_LARGE]
    writer.close()


async def test_a_slow_body_is_waited_for(worker, request_octets):
    served = await worker(echo)
    reader, writer = await served.connect()
    writer.write(request_octets(b"POST /a", b"content-length: 5\r\n"))
    for octet in b"hello":
        await asyncio.sleep(0.02)
        writer.write(bytes([octet]))
    await reader.readuntil(b"\r\n\r\n")
    assert await reader.readexactly(8) == b"/a hello"
    writer.close()


@pytest.mark.parametrize("framing", [b"content-length: 10", b"transfer-encoding: chunked"])
async def test_a_body_cut_short_is_refused_and_not_forwarded(worker, request_octets, framing):
    forwarded = []

    async def act(request, body):
        forwarded.append(body)
        return Response(200, ())

    served = await worker(act)
    reader, writer = await served.connect()
    writer.write(request_octets(b"POST /a", framing + b"\r\n", b"3\r\nabc\r\n"))
    await asyncio.sleep(0.02)
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 1)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert [refused.reason for refused in served.gateway.refused] == [Reason.BODY_INCOMPLETE]
    assert not forwarded


async def test_a_caller_who_leaves_stops_the_work(worker, request_octets):
    async def act(request, body):
        await asyncio.sleep(5)

    served = await worker(act)
    _, writer = await served.connect()
    writer.write(request_octets())
    await asyncio.sleep(0.05)
    assert served.gateway.running == 1
    writer.close()
    await asyncio.sleep(0.05)
    assert served.gateway.running == 0


async def test_head_and_no_content(worker, request_octets):
    async def act(request, body):
        return Response(204, ()) if request.path == "/none" else Response(200, (), b"four")

    served = await worker(act)
    reader, writer = await served.connect()
    writer.write(request_octets(b"HEAD /a"))
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"
    writer.write(request_octets(b"GET /none"))
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 204 No Content\r\n\r\n"
    writer.write(request_octets())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
    writer.close()


async def test_a_stream_goes_out_as_it_comes(worker, request_octets):
    async def act(request, body):
        async def pieces():
            for number in range(3):
                yield b"%d" % number
                await asyncio.sleep(0.05)

        return Response(200, (), pieces())

    served = await worker(act)
    reader, writer = await served.connect()
    started = time.monotonic()
    writer.write(request_octets())
    await reader.readuntil(b"1\r\n0\r\n")
    assert time.monotonic() - started < 0.05
    assert await reader.readuntil(b"\r\n0\r\n\r\n") == b"1\r\n1\r\n1\r\n2\r\n0\r\n\r\n"
    writer.close()


async def test_a_slow_reader_holds_the_stream_back(worker, request_octets):
    made = 0

    async def act(request, body):
        async def pieces():
            nonlocal made
            for _ in range(1000):
                made += 1
                yield b"x" * 100_000

        return Response(200, (), pieces())

    served = await worker(act)
    reader, writer = await served.connect()
    writer.write(request_octets())
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(0.2)
    assert made < 100
    writer.close()
    await asyncio.sleep(0.1)
    assert served.gateway.running == 0


@pytest.mark.parametrize("headers", [(), (("content-length", "50"),)])
async def test_a_stream_that_breaks_does_not_look_whole(worker, request_octets, headers):
    async def act(request, body):
        async def pieces():
            yield b"some"
            await asyncio.sleep(0.01)
            raise RuntimeError("upstream is gone")

        return Response(200, headers, pieces())

    served = await worker(act)
    answer = await served.call(request_octets())
    assert b"some" in answer
    assert answer.endswith(b"<end>")
    assert b"\r\n0\r\n\r\n" not in answer


async def test_an_upstream_cut_in_the_middle_is_cut_for_the_caller(worker, upstream, pool, request_octets):
    async def script(connection):
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", gap=0.05)

    _, settings = await upstream(script)

    async def act(request, body):
        return await pool.send("a", settings, request.method, request.target, request.headers, body)

    served = await worker(act)
    answer = await served.call(request_octets())
    assert b"5\r\nhello\r\n" in answer
    assert answer.endswith(b"<end>")
    assert b"\r\n0\r\n\r\n" not in answer


async def test_a_caller_who_leaves_closes_the_upstream_connection_too(worker, upstream, pool, request_octets):
    async def script(connection):
        await connection.request()
        await connection.gone()

    upstreams, settings = await upstream(script)

    async def act(request, body):
        return await pool.send("a", settings, request.method, request.target, request.headers, body)

    served = await worker(act)
    _, writer = await served.connect()
    writer.write(request_octets(b"POST /pay", b"content-length: 2\r\n", b"{}"))
    await asyncio.sleep(0.05)
    assert pool.stats()["a"].open == 1
    writer.close()
    await asyncio.sleep(0.05)
    assert (pool.stats()["a"].open, upstreams.ended) == (0, 1)


async def test_smuggling_by_pipelining_gets_one_answer(worker, request_octets):
    served = await worker(echo)
    answer = await served.call(request_octets() + request_octets(b"DELETE /admin"))
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.endswith(b"<end>")
