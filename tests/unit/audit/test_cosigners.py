import msgspec
import pytest
from logs import NOW, ORIGIN, Keys, call

from ringfence.audit.cosigners import Cosigned, NotCosigned, WitnessPlace, collect
from ringfence.audit.note import COSIGNATURE
from ringfence.audit.ports import Unreachable
from ringfence.audit.tiles import nodes
from ringfence.audit.witness import Declined, Witness


class Answer(msgspec.Struct):
    status: int
    body: bytes


class Network:
    """Leads to real witnesses in this process, by URL."""

    def __init__(self):
        self.witnesses = {}
        self.calls = []

    async def __call__(self, url, body):
        self.calls.append(url)
        found = self.witnesses.get(url)
        if found is None:
            raise Unreachable("nobody there")
        if isinstance(found, Answer):
            return found
        try:
            return Answer(200, found.cosign(body, NOW).encode())
        except Declined as why:
            return Answer(why.status, why.answer[0])


@pytest.fixture
def scene(running, tmp_path):
    running.grow([call(n) for n in range(300)])
    network = Network()
    keys = Keys("witness.example/w1", COSIGNATURE)
    witness = Witness(tmp_path / "w.db", {ORIGIN: running.signer.keys}, keys.key, keys.private.sign)
    network.witnesses["http://w1/add-checkpoint"] = witness
    yield running, network, WitnessPlace(keys.key, "http://w1/")
    witness.close()


async def ask(running, network, *places, known=0):
    note = running.note()
    find = nodes(running.directory, note.checkpoint.size)
    return await collect(note, places, lambda name: known, find, network)


async def test_a_witness_that_agrees_cosigns(scene):
    running, network, place = scene
    (answer,) = await ask(running, network, place)
    assert isinstance(answer, Cosigned)
    running.grow([call(n) for n in range(300, 310)])
    (answer,) = await ask(running, network, place, known=300)
    assert isinstance(answer, Cosigned)


async def test_when_we_have_forgotten_what_it_saw_last_it_is_asked_again(scene):
    running, network, place = scene
    await ask(running, network, place)
    running.grow([call(n) for n in range(300, 310)])
    for known in (0, 10, 305):
        (answer,) = await ask(running, network, place, known=known)
        assert isinstance(answer, Cosigned)


async def test_a_witness_that_has_seen_more_than_we_have_is_against_us(scene, tmp_path):
    running, network, place = scene
    await ask(running, network, place)
    rolled_back = type(running)(tmp_path / "rolled-back")
    rolled_back.signer = running.signer
    rolled_back.grow([call(n) for n in range(100)])
    (answer,) = await ask(rolled_back, network, place, known=0)
    rolled_back.close()
    assert answer == NotCosigned(place, "409: 300", 300, against_us=True)


async def test_a_fork_is_against_us(scene, tmp_path):
    running, network, place = scene
    await ask(running, network, place)
    fork = type(running)(tmp_path / "fork")
    fork.signer = running.signer
    fork.grow([call(n) for n in range(1, 400)])
    (answer,) = await ask(fork, network, place, known=300)
    fork.close()
    assert isinstance(answer, NotCosigned)
    assert answer.against_us
    assert answer.why.startswith("422")


async def test_one_that_is_not_there_does_not_keep_the_others_from_it(scene):
    running, network, place = scene
    gone = WitnessPlace(Keys("witness.example/w2", COSIGNATURE).key, "http://w2")
    one, other = await ask(running, network, gone, place)
    assert one == NotCosigned(gone, "not reached: nobody there")
    assert isinstance(other, Cosigned)


@pytest.mark.parametrize("body", [b"", b"nonsense", b"\xff\n", "— other AAAAAAAA\n".encode()])
async def test_an_answer_that_is_no_cosignature_is_none(scene, body):
    running, network, place = scene
    network.witnesses["http://w1/add-checkpoint"] = Answer(200, body)
    (answer,) = await ask(running, network, place)
    assert isinstance(answer, NotCosigned)


async def test_a_cosignature_for_something_else_is_none(scene):
    running, network, place = scene
    (good,) = await ask(running, network, place)
    running.grow([call(n) for n in range(300, 310)])
    network.witnesses["http://w1/add-checkpoint"] = Answer(200, good.signature.line().encode())
    (answer,) = await ask(running, network, place)
    assert isinstance(answer, NotCosigned)
    assert "does not verify" in answer.why
