import asyncio
import gc

import pytest

from ringfence.gateway.upstream_body import HIGH_WATER, BodyStream, Pipe
from ringfence.problem import Reason, Refused


class Source:
    def __init__(self):
        self.held = 0
        self.gone_on = 0
        self.aborted = 0

    def hold(self):
        self.held += 1

    def go_on(self):
        self.gone_on += 1

    def abort(self):
        self.aborted += 1


@pytest.fixture
def source():
    return Source()


async def read(stream):
    return [piece async for piece in stream]


async def test_pieces_come_in_order_whenever_they_came(source):
    pipe = Pipe(source, [b"a"])
    stream = BodyStream(pipe)
    reading = asyncio.create_task(read(stream))
    for piece in (b"b", b"c"):
        await asyncio.sleep(0)
        pipe.put(piece)
    await asyncio.sleep(0)
    pipe.end()
    assert await reading == [b"a", b"b", b"c"]
    del stream
    assert not source.aborted


async def test_a_cut_body_gives_what_came_and_then_raises(source):
    pipe = Pipe(source, [b"a"])
    pipe.end(Refused(Reason.UPSTREAM_INVALID))
    stream = BodyStream(pipe)
    assert await anext(stream) == b"a"
    with pytest.raises(Refused):
        await anext(stream)


async def test_a_slow_reader_holds_the_source(source):
    pipe = Pipe(source, [])
    stream = BodyStream(pipe)
    for _ in range(3):
        pipe.put(b"x" * (HIGH_WATER // 2))
    assert (source.held, source.gone_on) == (1, 0)
    await anext(stream)
    await anext(stream)
    assert source.gone_on == 0
    await anext(stream)
    assert (source.held, source.gone_on) == (1, 1)
    pipe.end()


async def test_a_stream_closed_before_its_end_breaks_off(source):
    stream = BodyStream(Pipe(source, [b"a"]))
    await stream.aclose()
    assert source.aborted


async def test_a_stream_forgotten_before_its_end_breaks_off(source):
    stream = BodyStream(Pipe(source, [b"a"]))
    del stream
    gc.collect()
    assert source.aborted
