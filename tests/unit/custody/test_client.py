import asyncio
from pathlib import Path

import pytest

from ringfence.custody.client import SignerClient
from ringfence.custody.wire import (
    MAX_FRAME,
    Context,
    DataKey,
    Done,
    Frames,
    Manage,
    Refusal,
    Sign,
    Signed,
    SignerRefused,
    frame,
    read_request,
)
from ringfence.store.interface import Unavailable


class Scripted:
    """A signer that answers as it is told; `answers` maps a request to a reply, raw bytes, or None for silence."""

    def __init__(self, path: Path, answer) -> None:
        self.path, self.answer, self.connections = path, answer, 0

    async def __aenter__(self):
        self.server = await asyncio.start_unix_server(self._serve, str(self.path))
        return self

    async def __aexit__(self, *_):
        self.server.close()
        self.path.unlink(missing_ok=True)

    async def _serve(self, reader, writer):
        self.connections += 1
        frames = Frames()
        while data := await reader.read(65536):
            for number, body in frames.feed(data):
                reply = self.answer(read_request(body))
                if reply == "hang up":
                    writer.close()
                    return
                if reply is not None:
                    writer.write(reply if isinstance(reply, bytes) else frame(number, reply))


def signed(request):
    return Signed("kid", "ES256", request.data[::-1])


async def test_many_requests_share_one_connection_and_each_gets_its_own_answer(tmp_path):
    async with Scripted(tmp_path / "s", signed) as signer:
        client = SignerClient(tmp_path / "s")
        found = await asyncio.gather(*(client.sign("p", b"%d" % n) for n in range(200)))
        assert [one.signature for one in found] == [(b"%d" % n)[::-1] for n in range(200)]
        assert signer.connections == 1
        await client.close()


async def test_nobody_there_is_said_at_once_and_the_way_back_is_found(tmp_path):
    client = SignerClient(tmp_path / "s")
    with pytest.raises(Unavailable, match="does not answer"):
        await client.sign("p", b"x")
    async with Scripted(tmp_path / "s", signed):
        assert (await client.sign("p", b"ab")).signature == b"ba"
    await client.close()


async def test_a_signer_that_dies_fails_what_is_under_way_and_is_found_again(tmp_path):
    replies = iter(["hang up"])
    async with Scripted(tmp_path / "s", lambda request: next(replies, None) or signed(request)):
        client = SignerClient(tmp_path / "s")
        with pytest.raises(Unavailable):
            await client.sign("p", b"x")
        assert (await client.sign("p", b"ab")).signature == b"ba"
        await client.close()


async def test_silence_ends_in_time(tmp_path):
    async with Scripted(tmp_path / "s", lambda _: None):
        client = SignerClient(tmp_path / "s", timeout=0.05)
        with pytest.raises(Unavailable, match="in time"):
            await client.sign("p", b"x")
        await client.close()


@pytest.mark.parametrize("garbage", [b"\xff" * 64, b"\x00\x00\x00\x01\x00\x00\x00\x01\xc1"])
async def test_garbage_is_an_outage(tmp_path, garbage):
    async with Scripted(tmp_path / "s", lambda _: garbage):
        client = SignerClient(tmp_path / "s", timeout=0.5)
        with pytest.raises(Unavailable):
            await client.sign("p", b"x")
        await client.close()


async def test_refusals_outages_and_answers_to_something_else(tmp_path):
    replies = {
        "state": Refusal("state", "suspended"),
        "gone": Refusal("unavailable", "device"),
        "other": DataKey("d", b"k"),
    }
    async with Scripted(tmp_path / "s", lambda request: replies[request.purpose]):
        client = SignerClient(tmp_path / "s")
        with pytest.raises(SignerRefused, match="suspended") as caught:
            await client.sign("state", b"x")
        assert caught.value.kind == "state"
        for purpose in ("gone", "other"):
            with pytest.raises(Unavailable):
                await client.sign(purpose, b"x")
        with pytest.raises(SignerRefused):
            await client.sign("state", b"x" * (MAX_FRAME + 1))
        await client.close()


async def test_each_verb_asks_for_what_it_says(tmp_path):
    asked = []

    def answer(request):
        asked.append(request)
        match request:
            case Sign():
                return signed(request)
            case Manage():
                return Done([1])
            case _:
                return DataKey("dek", b"k")

    async with Scripted(tmp_path / "s", answer):
        client = SignerClient(tmp_path / "s")
        context = Context("t", "f", "s")
        assert (await client.generate("data", context)).secret == b"k"
        assert await client.wrap("data", b"secret", context) == "dek"
        assert await client.unwrap("dek", context) == b"k"
        assert (await client.manage("list")).document == [1]
        assert [type(one).__name__ for one in asked] == ["Generate", "Wrap", "Unwrap", "Manage"]
        await client.close()
