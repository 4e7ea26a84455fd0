import asyncio

import pytest

from ringfence.app import receiving
from ringfence.app.receiving import HOLD, Asking, ask_transmitters, finish_due, finish_received
from ringfence.clock import Instant
from ringfence.fetching import Unfetchable
from ringfence.ids import system_random
from ringfence.oauth.signals.ask import Settled
from ringfence.oauth.signals.transmitters import Known
from ringfence.policy.signals_model import Polled, SubjectRule, Transmitter
from ringfence.store.interface import Unavailable
from ringfence.store.received_model import ReceivedSignal
from ringfence.store.records import open_records

POLL = Polled(url="https://idp.example/poll", every_seconds=5)


def transmitter(name: str, poll: Polled | None = POLL) -> Known:
    subjects = (SubjectRule(format="opaque", names="user"),)
    rule = Transmitter(issuer="i", events={"session-revoked": ()}, subjects=subjects, poll=poll)
    return Known(name, rule, {}, "a")


class Server:
    def __init__(self, records) -> None:
        self.ports = self.profile = self
        self.records, self.now, self.random = records, 1_000.0, system_random
        self.transmitters = {"one": transmitter("one"), "silent": transmitter("silent", None)}

    def clock(self) -> Instant:
        return Instant(self.now)


@pytest.fixture
async def server(tmp_path):
    records = await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")
    yield Server(records)
    await records.close()


class Answers:
    """What stands for asking a transmitter."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Settled]] = []
        self.answers: list[Settled | Exception] = []

    async def __call__(self, known, rule, settled, server, way) -> Settled:
        self.told.append((known.name, settled))
        answer = self.answers.pop(0) if self.answers else Settled()
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def answers(monkeypatch) -> Answers:
    made = Answers()
    monkeypatch.setattr(receiving, "ask", made)
    return made


async def state(server):
    (found,) = await server.records.transmitter_states()
    return found


async def test_who_is_to_be_asked_is_asked_in_its_time_and_told_what_came_of_it(server, answers):
    asking, told = Asking(None), Settled(("j1",), more=True)
    answers.answers = [told, Settled()]
    for now, asked in ((1_000, 1), (1_000.1, 2), (1_004, 2), (1_005.1, 3)):
        server.now = now
        await asking.ask_due(server)
        assert len(answers.told) == asked
    assert answers.told[:2] == [("one", Settled()), ("one", told)]
    assert (await state(server)).polled_at == 1_005.1


async def test_a_transmitter_that_is_gone_is_told_until_it_is_back(server, answers):
    asking = Asking(None)
    answers.answers = [Settled(("j1",)), Unfetchable("x" * 999), Unfetchable("gone"), Settled()]
    for n in range(3):
        server.now = 1_000.0 + 10 * n
        await asking.ask_due(server)
    found = await state(server)
    assert (found.poll_error, found.failing_since, found.polled_at) == ("gone", 1_010.0, 1_000.0)
    server.now = 1_030.0
    await asking.ask_due(server)
    assert answers.told[-1][1] == Settled(("j1",))  # what it was not told it is told now
    found = await state(server)
    assert (found.poll_error, found.failing_since, found.polled_at) == ("", None, 1_030.0)


async def test_of_two_processes_one_asks_and_the_other_takes_over(server, answers):
    first, second = Asking(None), Asking(None)
    await first.ask_due(server)
    await second.ask_due(server)
    assert len(answers.told) == 1
    server.now += HOLD
    await second.ask_due(server)
    assert len(answers.told) == 2


@pytest.mark.parametrize("error", [Unavailable("gone"), ValueError("broken")])
async def test_one_that_cannot_be_asked_keeps_nobody_from_being(server, answers, error):
    server.transmitters["two"] = transmitter("two")
    answers.answers = [error, Settled()]
    await Asking(None).ask_due(server)
    assert len(answers.told) == 2


async def test_it_asks_for_ever(server, answers):
    task = asyncio.create_task(ask_transmitters(lambda: server, None, every=0.001))
    async with asyncio.timeout(30):
        while len(answers.told) < 3:
            server.now += 5
            await asyncio.sleep(0.001)
    task.cancel()


def signal(number: int) -> ReceivedSignal:
    fields = {"received_id": f"r{number}", "transmitter": "one", "jti": "j", "kind": "k", "outcome": "acts"}
    return ReceivedSignal(**fields, received_at=Instant(1.0), due_at=Instant(2.0), expires_at=Instant(9e9))


async def test_what_broke_off_is_done_and_what_fails_keeps_nothing_from_being(server, monkeypatch):
    done, failing = [], {"r0": Unavailable("gone"), "r1": ValueError("broken")}

    async def carry_out(one, ports, now):
        if one.received_id in failing:
            raise failing.pop(one.received_id)
        done.append(one.received_id)
        await ports.records.settle_received(one.received_id)

    monkeypatch.setattr(receiving, "carry_out", carry_out)
    for number in range(3):
        await server.records.take_signal(signal(number), 9, Instant(0.0))
    assert await finish_due(server) == 3
    assert done == ["r2"]
    assert await finish_due(server) == 0
    server.now += 30
    task = asyncio.create_task(finish_received(lambda: server, every=0.001))
    async with asyncio.timeout(30):
        while len(done) < 3:
            await asyncio.sleep(0.001)
    task.cancel()
    assert sorted(done) == ["r0", "r1", "r2"]


async def test_an_outage_of_the_records_is_waited_out(server, monkeypatch):
    tried = []

    async def due(_server):
        tried.append(1)
        if len(tried) == 1:
            raise Unavailable("gone")
        return 0

    monkeypatch.setattr(receiving, "finish_due", due)
    task = asyncio.create_task(finish_received(lambda: server, every=0.001))
    async with asyncio.timeout(30):
        while len(tried) < 3:
            await asyncio.sleep(0.001)
    task.cancel()
