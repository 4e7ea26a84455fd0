import asyncio

import pytest

from ringfence.app.witness_call import LONGEST_ANSWER, Answer, HttpWitnesses
from ringfence.audit.ports import Unreachable


@pytest.fixture
async def call():
    opened = HttpWitnesses()
    yield opened
    await opened.close()


async def answering(answer: bytes):
    async def serve(reader, writer):
        await reader.readuntil(b"old 0\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/add-checkpoint"


async def test_what_a_witness_answers_comes_back(call):
    server, url = await answering(b"HTTP/1.1 409 Conflict\r\ncontent-length: 3\r\n\r\n17\n")
    assert await call(url, b"old 0\n") == Answer(409, b"17\n")
    server.close()


@pytest.mark.parametrize(
    "answer",
    [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n" + b"x" * (LONGEST_ANSWER + 1)],
)
async def test_what_cannot_be_used_is_unreachable(call, answer):
    server, url = await answering(answer)
    with pytest.raises(Unreachable):
        await call(url, b"old 0\n")
    server.close()


async def test_nobody_there_is_unreachable(call):
    with pytest.raises(Unreachable):
        await call("http://127.0.0.1:1/add-checkpoint", b"old 0\n")


async def test_a_redirect_is_not_followed(call):
    server, url = await answering(
        b"HTTP/1.1 307 Elsewhere\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    )
    assert (await call(url, b"old 0\n")).status == 307
    server.close()
