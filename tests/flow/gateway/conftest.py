"""Upstreams that misbehave to order, and a worker's socket to speak HTTP/1.1 on by hand. Both on uvloop, as in production."""

import asyncio
import contextlib
import re

import pytest
import uvloop

from ringfence.gateway.server import serve
from ringfence.gateway.upstream import UpstreamPool
from ringfence.message import Response
from ringfence.policy.model import Upstream
from ringfence.problem import Refused, problem_document


def pytest_asyncio_loop_factories(config, item):
    return {"uvloop": uvloop.new_event_loop}


class Upstreams:
    """One listening socket; `script(connection)` decides what each connection does."""

    def __init__(self, script):
        self.script = script
        self.connections = 0
        self.requests = []
        self.ended = 0

    async def __call__(self, reader, writer):
        self.connections += 1
        connection = Served(self, reader, writer, self.connections)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self.script(connection)
        self.ended += 1
        writer.close()


class Served:
    """A connection as its script sees it."""

    def __init__(self, upstream, reader, writer, number):
        self.upstream = upstream
        self.reader = reader
        self.writer = writer
        self.number = number

    async def request(self):
        """Read one request, its body included."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        body = await self.reader.readexactly(int(length[1])) if length else b""
        self.upstream.requests.append((head, body))
        return head

    async def send(self, *pieces, gap=0.0):
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            if gap:
                await asyncio.sleep(gap)

    async def serve(self, answer, gap=0.0):
        """Answer every request alike, as long as they come."""
        while True:
            await self.request()
            await self.send(answer, gap=gap)

    def reset(self):
        self.writer.transport.abort()

    async def gone(self):
        """Wait until the other side has ended the connection."""
        await asyncio.wait_for(self.reader.read(), 5)


@pytest.fixture
async def upstream():
    """Start an upstream by its script; gives it and what is needed to call it."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(script, **settings):
            served = Upstreams(script)
            server = await asyncio.start_server(served, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            stack.callback(server.close)
            return served, Upstream(url=f"http://127.0.0.1:{port}/base", **settings)

        yield start


@pytest.fixture
async def pool():
    made = UpstreamPool()
    yield made
    await made.close()
    await asyncio.sleep(0.01)
    assert all(line.open == 0 for line in made.stats().values()), "a connection leaked"


class Gateway:
    """A handler that does what the test says."""

    def __init__(self, act, limit=1000):
        self.act = act
        self.limit = limit
        self.refused = []
        self.running = 0

    async def __call__(self, request, read_body):
        self.running += 1
        try:
            return await self.act(request, await read_body(self.limit))
        except Refused as refused:
            return self.turned_away(request, refused)
        finally:
            self.running -= 1

    def turned_away(self, request, refused):
        self.refused.append(refused)
        return Response(refused.status, (), problem_document(refused, request.correlation))


class Worker:
    """A served gateway."""

    def __init__(self, gateway, path, stop, task):
        self.gateway = gateway
        self.path = path
        self.stop = stop
        self.task = task

    async def connect(self):
        return await asyncio.open_unix_connection(str(self.path))

    async def call(self, data, seconds=2.0):
        """Send octets, return what comes until the worker closes or is silent."""
        reader, writer = await self.connect()
        writer.write(data)
        got = await answered(reader, seconds)
        writer.close()
        return got


async def answered(reader, seconds=0.2):
    """Return what comes until the end, which is told as `<end>`, or until silence."""
    got = b""
    with contextlib.suppress(TimeoutError):
        while piece := await asyncio.wait_for(reader.read(65_536), seconds):
            got += piece
        return got + b"<end>"
    return got


@pytest.fixture
async def worker(tmp_path):
    started = []

    async def start(act, drain_seconds=2.0, **more):
        gateway, stop = Gateway(act, **more), asyncio.Event()
        path = tmp_path / f"gw{len(started)}.sock"
        task = asyncio.create_task(serve(gateway, path, stop, drain_seconds, max_header_bytes=4096))
        while not path.exists():
            await asyncio.sleep(0.005)
        made = Worker(gateway, path, stop, task)
        started.append(made)
        return made

    yield start
    for made in started:
        made.stop.set()
        await asyncio.wait_for(made.task, 5)


EDGE = b"host: a.example\r\nx-ringfence-peer: 192.0.2.7\r\nx-ringfence-listener: public\r\n"


@pytest.fixture
def request_octets():
    def make(line=b"GET /a", fields=b"", body=b""):
        return line + b" HTTP/1.1\r\n" + EDGE + fields + b"\r\n" + body

    return make
