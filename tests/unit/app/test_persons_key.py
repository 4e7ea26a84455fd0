import os
from pathlib import Path

import pytest

from ringfence.app.persons_key import CONTEXT, make_or_open, open_sealer
from ringfence.custody.client import SignerClient
from ringfence.ids import system_random
from ringfence.keys.server import listen
from ringfence.store.interface import Unavailable
from tests.keys_fixture import open_keeper


@pytest.fixture
async def custody(tmp_path: Path):
    keeper = open_keeper(tmp_path)

    async def answer(_peer, request):
        return await keeper.answer("audit", request)

    server = await listen(tmp_path / "key-audit.sock", answer, frozenset({os.getuid()}))
    client = SignerClient(tmp_path / "key-audit.sock")
    yield client
    await client.close()
    server.close()
    keeper.close()


async def test_the_key_is_made_once_and_what_it_sealed_opens_later(custody, tmp_path):
    path = tmp_path / "persons.key"
    sealed = (await make_or_open(path, custody, system_random)).seal(b"secret", "somebody")
    for opening in (make_or_open, open_sealer):
        assert (await opening(path, custody, system_random)).unseal(sealed, "somebody") == b"secret"
    name = path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert (await custody.unwrap(name.decode(), CONTEXT)) not in name


async def test_a_reader_makes_no_key(custody, tmp_path):
    with pytest.raises(Unavailable, match="cannot be read"):
        await open_sealer(tmp_path / "persons.key", custody, system_random)
    assert not (tmp_path / "persons.key").exists()


@pytest.mark.parametrize("name", ["dek_unknown", ""])
async def test_a_name_that_the_signer_does_not_know(custody, tmp_path, name):
    (tmp_path / "persons.key").write_text(name)
    with pytest.raises(Unavailable, match="refuses"):
        await make_or_open(tmp_path / "persons.key", custody, system_random)


async def test_a_key_that_is_destroyed_opens_nothing(custody, tmp_path):
    path = tmp_path / "persons.key"
    await make_or_open(path, custody, system_random)
    await custody.forget(path.read_text())
    with pytest.raises(Unavailable, match="refuses"):
        await make_or_open(path, custody, system_random)


async def test_without_the_signer_there_is_none(tmp_path):
    nobody = SignerClient(tmp_path / "nobody.sock")
    with pytest.raises(Unavailable):
        await make_or_open(tmp_path / "persons.key", nobody, system_random)
    assert not (tmp_path / "persons.key").exists()
