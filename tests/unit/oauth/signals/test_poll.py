import asyncio

import pytest

from ringfence.oauth.signals import poll as poll_module


@pytest.fixture
async def held(receiver):
    """A stream with three events in it."""
    await receiver.make()
    await receiver.grant()
    for _ in range(3):
        receiver.bank.clock.forward(1)
        await receiver.feed(receiver.ended(), after=len(receiver.events.kept))
    return receiver


async def test_events_come_again_until_they_are_acknowledged(held):
    first = await held.poll(maxEvents=2)
    assert (len(first["sets"]), first["moreAvailable"]) == (2, True)
    assert await held.poll(maxEvents=2) == first
    rest = await held.poll(ack=list(first["sets"]))
    assert (len(rest["sets"]), rest["moreAvailable"]) == (1, False)
    assert not set(rest["sets"]) & set(first["sets"])
    assert await held.poll(ack=list(rest["sets"])) == {"sets": {}, "moreAvailable": False}


async def test_nothing_but_an_acknowledgement(held):
    (jti,) = (await held.poll(maxEvents=1))["sets"]
    assert await held.poll(ack=[jti], maxEvents=0) == {"sets": {}, "moreAvailable": True}
    assert len((await held.poll())["sets"]) == 2


async def test_what_is_refused_does_not_come_again(held):
    (jti,) = (await held.poll(maxEvents=1))["sets"]
    await held.poll(setErrs={jti: {"err": "invalid_key", "description": "?"}})
    assert jti not in (await held.poll())["sets"]


async def test_another_clients_acknowledgement_does_nothing(held, stranger):
    await stranger.make()
    jtis = list((await held.poll())["sets"])
    assert (await stranger.poll(ack=jtis, setErrs={jti: {} for jti in jtis}))["sets"] == {}
    assert list((await held.poll())["sets"]) == jtis


async def test_as_many_as_are_asked_for_but_not_without_end(held, monkeypatch):
    monkeypatch.setattr(poll_module, "MOST_AT_ONCE", 2)
    answer = await held.poll(maxEvents=10**9)
    assert (len(answer["sets"]), answer["moreAvailable"]) == (2, True)


async def test_polls_at_the_same_time_lose_nothing(held):
    answers = await asyncio.gather(*(held.poll() for _ in range(6)))
    assert all(len(answer["sets"]) == 3 for answer in answers)


async def test_a_poll_waits_for_the_next_event_and_a_second_one_does_not(receiver, monkeypatch):
    monkeypatch.setattr(poll_module, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(poll_module, "LOOKS", 3_000)
    stream = await receiver.make()
    await receiver.grant()
    waiting = asyncio.create_task(receiver.poll(returnImmediately=False))
    async with asyncio.timeout(30):
        while stream not in poll_module._waiting:
            await asyncio.sleep(0.01)
        assert (await receiver.poll(returnImmediately=False))["sets"] == {}
        await receiver.feed(receiver.ended())
        assert len((await waiting)["sets"]) == 1
    assert stream not in poll_module._waiting


async def test_a_poll_ends_when_nothing_comes(receiver, monkeypatch):
    monkeypatch.setattr(poll_module, "LOOK_EVERY", 0.001)
    await receiver.make()
    assert await receiver.poll(returnImmediately=False) == {"sets": {}, "moreAvailable": False}


@pytest.mark.parametrize(
    "body",
    [
        {"maxEvents": -1},
        {"maxEvents": True},
        {"maxEvents": "1"},
        {"maxEvents": 1.5},
        {"returnImmediately": "yes"},
        {"ack": "jti"},
        {"ack": [1]},
        {"ack": ["x" * 256]},
        {"ack": ["x"] * 501},
        {"setErrs": ["jti"]},
        {"setErrs": None},
    ],
)
async def test_what_is_no_poll(held, body):
    answer = await held.call("POST", "poll", {"returnImmediately": True} | body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert len((await held.poll())["sets"]) == 3


async def test_without_a_stream(receiver):
    assert (await receiver.call("POST", "poll", {})).status_code == 404
