import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from ringfence.app.checkpoint_signer import CustodyCheckpoints, noted_keys, open_checkpoints
from ringfence.audit.note import ED25519, ML_DSA_44, NoteKey
from ringfence.audit.ports import CannotSign
from ringfence.custody.client import SignerClient
from ringfence.custody.wire import Manage
from ringfence.keys.compromise import Compromise
from ringfence.keys.management import Management
from ringfence.keys.server import listen
from tests.keys_fixture import open_keeper

NAME = "bank.example/audit"


class Scene:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "key-audit.sock"
        self.keeper = open_keeper(folder)
        self.custody = SignerClient(self.path)

    async def answer(self, _peer, request):
        return await self.keeper.answer("audit", request)

    async def open(self, noted: dict[int, bytes] | None = None, *, both: bool = False) -> CustodyCheckpoints:
        return await open_checkpoints(self.custody, NAME, noted or {}, post_quantum=both)


@pytest.fixture
async def scene(tmp_path: Path):
    made = Scene(tmp_path)
    server = await listen(made.path, made.answer, frozenset({os.getuid()}))
    yield made
    await made.custody.close()
    server.close()
    made.keeper.close()


async def test_it_signs_with_the_signers_key_and_finds_it_again(scene):
    first = await scene.open()
    (key,) = first.keys
    assert (key.name, key.kind) == (NAME, ED25519)
    Ed25519PublicKey.from_public_bytes(key.public).verify(await first.sign(key, b"text"), b"text")
    again = await scene.open({ED25519: key.public})
    assert again.keys == first.keys


async def test_ml_dsa_signs_beside_it_and_its_key_lies_with_the_signer_too(scene):
    both = await scene.open(both=True)
    assert [key.kind for key in both.keys] == [ED25519, ML_DSA_44]
    MLDSA44PublicKey.from_public_bytes(both.keys[1].public).verify(await both.sign(both.keys[1], b"text"), b"text")
    noted = {key.kind: key.public for key in both.keys}
    assert (await scene.open(noted, both=True)).keys == both.keys
    with pytest.raises(CannotSign, match="began with"):
        await scene.open(noted | {ML_DSA_44: bytes(1312)}, both=True)


async def test_a_log_goes_on_with_no_other_key_than_its_first(scene):
    with pytest.raises(CannotSign, match="began with"):
        await scene.open({ED25519: bytes(32)})


async def test_a_key_that_may_not_sign_now_signs_again_when_it_is_resumed(scene):
    signer = await scene.open()
    (key,) = signer.keys
    operators = Management(scene.keeper, Compromise(scene.keeper, frozenset()))
    await operators.answer("uid:1", Manage("suspend", "checkpoint"))
    with pytest.raises(CannotSign, match="signer"):
        await signer.sign(key, b"text")
    with pytest.raises(CannotSign):
        await scene.open({ED25519: key.public})
    await operators.answer("uid:1", Manage("resume", "checkpoint"))
    assert await signer.sign(key, b"text")


async def test_without_the_signer_nothing_is_signed(tmp_path):
    with pytest.raises(CannotSign, match="signer"):
        await open_checkpoints(SignerClient(tmp_path / "nobody.sock"), NAME, {})


def test_what_the_log_noted_of_its_keys(tmp_path):
    path = tmp_path / "log.keys"
    assert noted_keys(path) == {}
    key = NoteKey(NAME, ED25519, bytes(range(32)))
    path.write_text(f"{NoteKey(NAME, ML_DSA_44, bytes(1312))}\n{key}\n")
    assert noted_keys(path) == {ED25519: key.public, ML_DSA_44: bytes(1312)}
    path.write_text("")
    assert noted_keys(path) == {}
    path.write_text("nonsense\n")
    with pytest.raises(CannotSign, match="nonsense"):
        noted_keys(path)
