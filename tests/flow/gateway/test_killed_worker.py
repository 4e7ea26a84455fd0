"""A worker is killed between the bank's booking and its answer: whoever asks again with the same key pays once."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from ringfence.app.gateway_ports import open_gateway
from ringfence.app.ready import answers
from ringfence.clock import Instant, system_clock
from ringfence.gateway.idempotent import MARGIN_SECONDS, REPLAYED_HEADER
from ringfence.gateway.server import serve
from ringfence.gateway.upstream import UpstreamPool
from ringfence.policy.load import load
from tests.installed_api import ISSUER, call_headers, install, publish
from tests.unit.gateway.caller import Caller

pytestmark = [pytest.mark.flow, pytest.mark.timeout(120)]

PATIENCE = 30
CALLER = Caller()
BODY = b'{"name":"rent"}'
FIELDS = {
    "content-type": "application/json",
    "host": ISSUER.removeprefix("https://"),
    "x-ringfence-peer": "192.0.2.7",
    "x-ringfence-listener": "public",
}


class Bank:
    """Books what it gets and, until it is told to, answers nothing."""

    def __init__(self) -> None:
        self.booked: list[bytes] = []
        self.first = asyncio.Event()
        self.answers = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.booked.append(await reader.readexactly(len(BODY)))
        self.first.set()
        await self.answers.wait()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
        writer.close()


@asynccontextmanager
async def worker(policy: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker as `ringfence up` starts it: a process of its own."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "ringfence.app.role", "gateway-0", policy)
    try:
        async with asyncio.timeout(PATIENCE):
            while not answers(load(policy).places.gateway_socket(0)):
                assert process.returncode is None, "the worker does not start"
                await asyncio.sleep(0.05)
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def later(policy: Path, seconds: float) -> AsyncIterator[None]:
    """The worker that comes up in its place, so many seconds on: the same state and code, and another clock."""
    async with AsyncExitStack() as stack:
        pool, stop = UpstreamPool(), asyncio.Event()
        opened = await open_gateway(policy, "gateway-0", pool, stack)
        stack.push_async_callback(pool.close)
        ports = msgspec.structs.replace(opened.gateway._ports, clock=lambda: Instant(system_clock() + seconds))
        opened.gateway._ports = ports
        socket = opened.loaded.places.gateway_socket(0)
        serving = asyncio.create_task(serve(opened.gateway, socket, stop, 1))
        async with asyncio.timeout(PATIENCE):
            while not answers(socket):
                await asyncio.sleep(0.05)
        yield
        stop.set()
        await serving


async def pay(policy: Path, key: str, seconds: float = 0.0) -> httpx.Response:
    headers = FIELDS | call_headers(CALLER, system_clock() + seconds, "POST") | {"idempotency-key": key}
    transport = httpx.AsyncHTTPTransport(uds=str(load(policy).places.gateway_socket(0)))
    async with httpx.AsyncClient(transport=transport, base_url="http://worker", timeout=PATIENCE) as http:
        return await http.post("/things", headers=headers, content=BODY)


def told(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, json.loads(response.content)["type"].rpartition(":")[2]


async def test_a_payment_that_was_booked_before_the_worker_died_is_not_booked_again(tmp_path: Path) -> None:
    bank = Bank()
    server = await asyncio.start_server(bank, "127.0.0.1", 0)
    policy = install(tmp_path)
    text = policy.read_text().replace("bank.internal/api", f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    asked = "defaults: {scopes: [things]}\n        operations: {MakeThing: {idempotency: {header: idempotency-key}}}"
    policy.write_text(text.replace("defaults: {scopes: [things]}", asked))
    publish(policy, CALLER)
    async with asyncio.timeout(4 * PATIENCE), server:
        async with worker(policy) as first:
            under_way = asyncio.create_task(pay(policy, "k1"))
            await bank.first.wait()
            first.send_signal(signal.SIGKILL)
            with pytest.raises(httpx.TransportError):
                await under_way
        async with worker(policy):
            again = await pay(policy, "k1")
            assert told(again) == (409, "idempotency-under-way")
            assert again.headers["retry-after"]
        upstream = load(policy).table.operations[0].upstream
        seconds = upstream.connect_timeout_seconds + upstream.timeout_seconds + MARGIN_SECONDS
        bank.answers.set()
        async with later(policy, seconds):
            for _ in range(2):
                unclear = await pay(policy, "k1", seconds)
                assert told(unclear) == (409, "idempotency-unclear")
                assert "retry-after" not in unclear.headers
            assert bank.booked == [BODY]
            other = await pay(policy, "k2", seconds)
            assert other.status_code == 200, "it was the key that kept the call from the bank"
            assert (await pay(policy, "k2", seconds)).headers[REPLAYED_HEADER] == "true"
    assert bank.booked == [BODY, BODY]
