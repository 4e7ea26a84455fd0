"""A worker that stops loses no call under way, and one that was killed leaves nothing in the next one's way."""

import asyncio
import os
import signal
import sys

import pytest

from ringfence.message import Response

pytestmark = [pytest.mark.flow, pytest.mark.timeout(30, method="thread")]  # uvloop does not hear the signal


async def slow(request, body):
    await asyncio.sleep(0.3)
    return Response(200, (), b"done")


async def test_calls_under_way_end_and_their_connections_with_them(worker, request_octets):
    served = await worker(slow)
    calls = [asyncio.create_task(served.call(request_octets(b"GET /%d" % n))) for n in range(20)]
    await asyncio.sleep(0.1)
    served.stop.set()
    answers = await asyncio.gather(*calls)
    assert all(answer.endswith(b"done<end>") and b"connection: close" in answer for answer in answers)
    await asyncio.wait_for(served.task, 1)


async def test_a_stream_under_way_ends_whole(worker, request_octets):
    async def act(request, body):
        async def pieces():
            for _ in range(5):
                await asyncio.sleep(0.05)
                yield b"x"

        return Response(200, (), pieces())

    served = await worker(act)
    call = asyncio.create_task(served.call(request_octets()))
    await asyncio.sleep(0.1)
    served.stop.set()
    assert (await call).endswith(b"1\r\nx\r\n0\r\n\r\n<end>")


async def test_an_idle_connection_gets_a_last_call_through(worker, request_octets):
    served = await worker(slow)
    reader, writer = await served.connect()
    await asyncio.sleep(0.05)
    served.stop.set()
    await asyncio.sleep(0.1)
    writer.write(request_octets())
    answer = await asyncio.wait_for(reader.read(), 2)
    assert answer.endswith(b"done")
    assert b"connection: close" in answer


async def test_a_connection_waiting_to_be_accepted_is_served(worker, request_octets):
    served = await worker(slow)
    connected = asyncio.create_task(served.call(request_octets()))
    await asyncio.sleep(0)
    served.stop.set()
    assert (await connected).endswith(b"done<end>")


async def test_idle_connections_do_not_hold_it_up_and_new_ones_are_refused(worker, request_octets):
    served = await worker(slow, drain_seconds=5.0)
    reader, _ = await served.connect()
    served.stop.set()
    await asyncio.wait_for(served.task, 1.5)
    assert await reader.read() == b""
    with pytest.raises(OSError):
        await served.connect()


async def test_what_takes_too_long_is_broken_off(worker, request_octets):
    async def stuck(request, body):
        await asyncio.sleep(60)

    served = await worker(stuck, drain_seconds=0.2)
    call = asyncio.create_task(served.call(request_octets()))
    await asyncio.sleep(0.05)
    served.stop.set()
    await asyncio.wait_for(served.task, 1.5)
    assert await call == b"<end>"
    await asyncio.sleep(0.02)
    assert served.gateway.running == 0


async def test_under_load_no_call_is_lost(worker, request_octets):
    async def act(request, body):
        await asyncio.sleep(0.005)
        return Response(200, (), b"done")

    served = await worker(act)
    lost, whole = 0, 0

    async def caller():
        nonlocal lost, whole
        reader, writer = await served.connect()
        while True:
            writer.write(request_octets())
            head = await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(4) == b"done"
            whole += 1
            if b"connection: close" in head:
                writer.close()
                return

    async def counted():
        nonlocal lost
        try:
            await caller()
        except asyncio.IncompleteReadError:
            lost += 1

    callers = [asyncio.create_task(counted()) for _ in range(20)]
    await asyncio.sleep(0.3)
    served.stop.set()
    await asyncio.wait_for(asyncio.gather(*callers), 3)
    assert whole > 100
    assert lost == 0


PROGRAM = """
import asyncio, signal, sys
from pathlib import Path
import uvloop
from ringfence.gateway.server import serve
from ringfence.message import Response

class Gateway:
    async def __call__(self, request, read_body):
        await asyncio.sleep(0.3)
        return Response(200, (), b"done")

    def turned_away(self, request, refused):
        return Response(refused.status, ())

async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await serve(Gateway(), Path(sys.argv[1]), stop, 5.0)

uvloop.run(main())
"""


async def start(path):
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, str(path))
    for _ in range(200):
        try:
            _, writer = await asyncio.open_unix_connection(str(path))
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return process
    process.kill()
    raise AssertionError("the worker did not start")


async def call(path, data):
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(data)
    answer = await asyncio.wait_for(reader.readuntil(b"done"), 3)
    writer.close()
    return answer


async def test_a_process_told_to_end_answers_first_and_a_killed_one_is_followed(tmp_path, request_octets):
    path = tmp_path / "gw0.sock"
    killed = await start(path)
    killed.kill()
    await killed.wait()
    assert path.exists()
    process = await start(path)
    under_way = asyncio.create_task(call(path, request_octets()))
    await asyncio.sleep(0.1)
    os.kill(process.pid, signal.SIGTERM)
    assert b"connection: close" in await under_way
    assert await asyncio.wait_for(process.wait(), 3) == 0
    assert not path.exists()
