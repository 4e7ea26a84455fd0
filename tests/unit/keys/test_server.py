import asyncio
import contextlib
import os
import socket
import stat
import struct

import pytest

from ringfence.custody.client import SignerClient
from ringfence.custody.wire import HEADER, MAX_FRAME, Refusal, Sign, Signed
from ringfence.keys.server import UNDER_WAY, Peer, listen, peer_of
from ringfence.store.interface import Unavailable


@pytest.fixture
async def serve(tmp_path):
    servers = []

    async def serving(answer, uids=None):
        path = tmp_path / f"{len(servers)}.sock"
        servers.append(await listen(path, answer, frozenset({os.getuid()} if uids is None else uids)))
        return path

    yield serving
    for server in servers:
        server.close()


async def echo(peer: Peer, request: Sign):
    return Signed(f"{peer.pid}:{peer.uid}", "x", request.data)


async def test_the_caller_is_known_by_the_kernel_and_the_socket_is_its_owners(serve):
    path = await serve(echo)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    client = SignerClient(path)
    assert (await client.sign("p", b"x")).kid == f"{os.getpid()}:{os.getuid()}"
    await client.close()


async def test_another_user_gets_no_answer(serve):
    asked = []

    async def note(peer, request):
        asked.append(request)
        return Signed("k", "x", b"")

    client = SignerClient(await serve(note, uids={os.getuid() + 1}))
    with pytest.raises(Unavailable):
        await client.sign("p", b"x")
    assert asked == []


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        HEADER.pack(MAX_FRAME + 1, 0),
        HEADER.pack(1, 0) + b"\xc1",
        HEADER.pack(3, 0) + b"\x80\x80\x80",
        struct.pack(">II", 0, 0),
    ],
)
async def test_who_says_something_else_is_hung_up_on_and_others_are_served(serve, garbage):
    path = await serve(echo)
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(garbage)
    writer.write_eof()
    with contextlib.suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    client = SignerClient(path)
    assert (await client.sign("p", b"x")).signature == b"x"
    await client.close()


async def test_one_caller_cannot_pile_up_work_without_end(serve):
    go = asyncio.Event()

    async def slow(peer, request):
        await go.wait()
        return Signed("k", "x", request.data)

    client = SignerClient(await serve(slow))
    asked = [asyncio.create_task(client.sign("p", b"x")) for _ in range(UNDER_WAY + 5)]
    done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED, timeout=5)
    assert all(isinstance(one.exception(), Unavailable) for one in done)
    go.set()
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(one, Signed) for one in found) == UNDER_WAY
    await client.close()


async def test_an_answer_that_is_too_long_is_said(serve):
    async def long(peer, request):
        return Signed("k", "x", b"x" * (MAX_FRAME + 1))

    client = SignerClient(await serve(long))
    with pytest.raises(Exception, match="too long"):
        await client.sign("p", b"x")
    await client.close()


async def test_a_caller_that_leaves_does_not_end_what_it_asked_for(serve):
    done = asyncio.Event()

    async def slow(peer, request):
        await asyncio.sleep(0.05)
        done.set()
        return Refusal("failed", "")

    client = SignerClient(await serve(slow), timeout=0.01)
    with pytest.raises(Unavailable):
        await client.sign("p", b"x")
    await client.close()
    await asyncio.wait_for(done.wait(), 5)


def test_credentials_of_a_pair():
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        assert peer_of(ours) == Peer(os.getpid(), os.getuid(), os.getgid())
