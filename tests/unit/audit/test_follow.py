import asyncio

import pytest
from logs import NOW, ORIGIN, call, stored
from test_cosigners import Network

from ringfence.audit.cosigners import WitnessPlace
from ringfence.audit.follow import Follower, Rhythm
from ringfence.audit.log import published
from ringfence.audit.ports import CannotSign
from ringfence.audit.verify import Trust, verify
from ringfence.audit.witness import Witness
from ringfence.clock import Instant
from ringfence.store.interface import Unavailable


class Stream:
    def __init__(self, events):
        self.events = events
        self.broken = False

    async def read(self, after, limit):
        if self.broken:
            raise Unavailable("broken on purpose")
        return [event for event in self.events if event.position > after][:limit]


class Told:
    def __init__(self):
        self.events = []

    def emit(self, event):
        self.events.append(event)


class Scene:
    def __init__(self, running):
        self.running = running
        self.stream = Stream(stored([call(n) for n in range(4500)]))
        self.network = Network()
        self.witnesses = []
        self.told = Told()
        self.now = float(NOW) + 50
        self.follower = Follower(
            self.stream, running.log, ORIGIN, running.signer, lambda: self.witnesses, self.network, self.told,
            lambda: Instant(self.now), Rhythm(1.0, 3000),
        )  # fmt: skip


@pytest.fixture
def scene(running):
    return Scene(running)


async def test_it_takes_everything_in_batches_and_once(scene):
    assert [await scene.follower.take() for _ in range(4)] == [True, True, False, False]
    assert scene.running.log.head.position == scene.running.log.head.size == 4500


async def test_a_checkpoint_is_due_after_a_second_or_so_many_entries(scene):
    sizes = []
    for grow, seconds in ((10, 0.0), (5, 0.5), (0, 0.6), (0, 5.0), (2990, 0.0), (20, 0.1)):
        scene.now += seconds
        position = scene.running.log.head.position
        scene.running.log.append(scene.stream.events[position : position + grow], Instant(scene.now))
        await scene.follower.promise_if_due()
        note = published(scene.running.directory)
        sizes.append(note.checkpoint.size if note else 0)
    assert sizes == [10, 10, 15, 15, 3005, 3005]


async def test_what_it_promises_verifies(scene):
    await scene.follower.take()
    await scene.follower.promise()
    assert verify(scene.running.directory, Trust(scene.running.signer.keys)).size == 2000


async def test_it_goes_on_after_an_outage(scene, monkeypatch):
    monkeypatch.setattr("ringfence.audit.follow.RETRY_AFTER", 0.01)
    monkeypatch.setattr("ringfence.audit.follow.LOOK_EVERY", 0.01)
    scene.stream.broken = True
    sign, failing = scene.running.signer.sign, [3]

    async def cannot(key, text):
        failing[0] -= 1
        if failing[0] >= 0:
            raise CannotSign("device gone")
        return await sign(key, text)

    monkeypatch.setattr(scene.running.signer, "sign", cannot)
    task = asyncio.create_task(scene.follower.run())
    await asyncio.sleep(0.05)
    assert scene.running.log.head.size == 0
    scene.stream.broken = False
    async with asyncio.timeout(10):
        await scene.follower.promised(4500)
    task.cancel()
    note = published(scene.running.directory)
    assert note is not None
    assert note.checkpoint.size == 4500


async def test_refusals_of_witnesses_are_told_once_until_they_cosign_again(scene):
    scene.witnesses = [WitnessPlace(scene.running.witness.key, "http://w1")]
    for _ in range(3):
        await scene.follower.promise()
    (event,) = scene.told.events
    assert (event.witness, event.size, event.why) == ("witness.example/w1", 0, "not reached: nobody there")
    scene.now += 5
    await scene.follower.promise_if_due()  # nothing has grown, but it is offered again
    assert len(scene.network.calls) == 4


async def test_cosignatures_are_published_with_the_checkpoint(scene, tmp_path):
    running, keys = scene.running, scene.running.witness
    witness = Witness(tmp_path / "w.db", {ORIGIN: running.signer.keys}, keys.key, keys.private.sign)
    scene.network.witnesses["http://w1/add-checkpoint"] = witness
    scene.witnesses = [WitnessPlace(keys.key, "http://w1")]
    for _ in range(3):
        await scene.follower.take()
        note = await scene.follower.promise()
        assert note.vouched(keys.key) == int(NOW)
        assert running.log.witness_size(keys.key.name) == note.checkpoint.size
    witness.close()
    assert scene.told.events == []
    report = verify(running.directory, Trust(running.signer.keys, (keys.key,), 1))
    assert report.witnessed_size == 4500
