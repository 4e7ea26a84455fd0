import asyncio

import pytest

from ringfence.gateway.request_body import READ_AHEAD, RequestBody
from ringfence.problem import Reason, Refused


class Flow:
    def __init__(self):
        self.paused = False

    def pause_reading(self):
        self.paused = True

    def resume_reading(self):
        self.paused = False


@pytest.fixture
def flow():
    return Flow()


async def soon(*steps):
    for step in steps:
        await asyncio.sleep(0)
        step()


async def test_a_body_that_is_there_is_returned(flow):
    body = RequestBody(flow, 5)
    body.feed(b"he")
    body.feed(b"llo")
    body.end()
    assert await body(5) == b"hello"
    assert body.done


async def test_a_body_is_waited_for(flow):
    body = RequestBody(flow, -1)
    reading, _ = await asyncio.gather(body(5), soon(lambda: body.feed(b"he"), lambda: body.feed(b"llo"), body.end))
    assert reading == b"hello"


async def test_a_declared_length_over_the_limit_is_refused_at_once(flow):
    with pytest.raises(Refused) as refused:
        await RequestBody(flow, 6)(5)
    assert refused.value.reason is Reason.BODY_TOO_LARGE


async def test_an_undeclared_body_is_refused_as_soon_as_it_is_too_large(flow):
    body = RequestBody(flow, -1)
    with pytest.raises(Refused) as refused:
        await asyncio.gather(body(5), soon(lambda: body.feed(b"abc"), lambda: body.feed(b"def")))
    assert refused.value.reason is Reason.BODY_TOO_LARGE
    body.feed(b"x" * 100_000)
    assert not body._data


async def test_what_is_there_already_counts(flow):
    body = RequestBody(flow, -1)
    body.feed(b"abcdef")
    body.end()
    with pytest.raises(Refused):
        await body(5)


async def test_nothing_is_read_ahead_of_the_question_but_one_read(flow):
    body = RequestBody(flow, -1)
    body.feed(b"x" * READ_AHEAD)
    assert flow.paused
    reading = asyncio.create_task(body(READ_AHEAD * 2))
    await asyncio.sleep(0)
    assert not flow.paused
    body.end()
    assert len(await reading) == READ_AHEAD


@pytest.mark.parametrize("late", [True, False])
async def test_a_body_cut_short_is_refused(flow, late):
    body = RequestBody(flow, 5)
    body.feed(b"abc")
    if not late:
        body.lose()
    with pytest.raises(Refused) as refused:
        await asyncio.gather(body(5), soon(body.lose))
    assert refused.value.reason is Reason.BODY_INCOMPLETE


async def test_a_loss_after_the_end_is_none(flow):
    body = RequestBody(flow, 1)
    body.feed(b"a")
    body.end()
    body.lose()
    assert await body(5) == b"a"


async def test_a_body_that_does_not_come_in_time_is_refused(flow):
    with pytest.raises(Refused) as refused:
        await RequestBody(flow, 5, seconds=0.01)(5)
    assert (refused.value.reason, refused.value.status) == (Reason.BODY_INCOMPLETE, 408)


async def test_the_caller_is_invited_once_and_only_if_it_waits(flow):
    invited = []
    body = RequestBody(flow, 5, on_wanted=lambda: invited.append(1))
    await asyncio.gather(body(5), soon(lambda: body.feed(b"hello"), body.end))
    assert invited == [1]
    body = RequestBody(flow, 5, on_wanted=lambda: invited.append(2))
    body.feed(b"hello")
    body.end()
    await body(5)
    assert invited == [1]


async def test_an_unwanted_body_takes_no_memory(flow):
    body = RequestBody(flow, -1)
    body.feed(b"x" * READ_AHEAD)
    body.discard()
    assert not flow.paused
    body.feed(b"x" * READ_AHEAD)
    assert not body._data
    assert not flow.paused
