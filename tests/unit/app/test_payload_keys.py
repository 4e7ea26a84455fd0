import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ringfence.app.payload_keys import CustodyPayloads
from ringfence.custody.client import SignerClient
from ringfence.custody.wire import MAX_FRAME
from ringfence.keys.schedule import replace
from ringfence.keys.server import listen
from ringfence.policy.payload import PURPOSE
from ringfence.protect.partner_keys import NotOpened, wrap
from ringfence.store.interface import Unavailable
from tests.keys_fixture import open_keeper


class World:
    """A real signer on its socket, in the role of the gateway."""

    def __init__(self, directory: Path) -> None:
        self.keeper = open_keeper(directory)
        self.path = directory / "signer.sock"
        self.client = SignerClient(self.path)
        self.keys = CustodyPayloads(self.client)
        self.server: Any = None

    async def begin(self) -> None:
        async def answer(_peer: Any, request: Any) -> Any:
            return await self.keeper.answer("gateway", request)

        self.server = await listen(self.path, answer, frozenset({os.getuid()}))

    async def sealed(self, secret: bytes) -> tuple[str, bytes]:
        key = (await self.client.public(PURPOSE))[0]
        public = load_der_public_key(key.spki)
        assert isinstance(public, RSAPublicKey)
        return key.kid, wrap(public, secret)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    await made.begin()
    yield made
    await made.client.close()
    made.server.close()


async def test_a_key_is_known_by_both_its_names_and_opens(world: World) -> None:
    kid, wrapped = await world.sealed(b"k" * 32)
    (public,) = await world.client.public(PURPOSE)
    assert await world.keys.kids() == {kid: kid, hashlib.sha256(public.spki).hexdigest(): kid}
    assert await world.keys.unwrap(kid, wrapped, 32) == b"k" * 32
    other = await world.keys.unwrap(kid, wrapped[:-1], 32)
    assert len(other) == 32
    assert other != b"k" * 32


async def test_a_new_key_is_taken_and_the_old_one_opens_on(world: World) -> None:
    kid, wrapped = await world.sealed(b"k" * 16)
    assert len(await world.keys.kids()) == 2
    await replace(world.keeper, PURPOSE, world.keeper.clock(), "test", "a test")
    assert len(await world.keys.kids()) == 2  # what was asked for a moment ago
    world.keys._asked -= 10
    assert len(await world.keys.kids()) == 4
    assert await world.keys.unwrap(kid, wrapped, 16) == b"k" * 16


async def test_what_the_signer_refuses_does_not_open_and_is_asked_for_again(world: World) -> None:
    kid, wrapped = await world.sealed(b"k" * 16)
    await world.keys.kids()
    for name, text in (("none", wrapped), (kid, b"x" * 2000), (kid, b"x" * (MAX_FRAME + 1))):
        with pytest.raises(NotOpened):
            await world.keys.unwrap(name, text, 16)
        assert world.keys._kids == {}
    assert await world.keys.unwrap(kid, wrapped, 16) == b"k" * 16


async def test_nobody_listens(tmp_path: Path) -> None:
    lonely = CustodyPayloads(SignerClient(tmp_path / "none.sock"))
    for ask in (lonely.kids(), lonely.unwrap("k", b"", 16)):
        with pytest.raises(Unavailable):
            await ask
