import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from ringfence.app.response_signer import PURPOSE, CustodySigner
from ringfence.custody.client import SignerClient
from ringfence.keys.server import listen
from ringfence.store.interface import Unavailable
from tests.keys_fixture import open_keeper


class World:
    """A real signer on its socket, in the role of the gateway."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "signer.sock"
        self.keeper = open_keeper(directory)
        self.client = SignerClient(self.path)
        self.signer = CustodySigner(self.client)
        self.server: Any = None

    async def begin(self) -> None:
        async def answer(_peer: Any, request: Any) -> Any:
            return await self.keeper.answer("gateway", request)

        self.server = await listen(self.path, answer, frozenset({os.getuid()}))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    await made.begin()
    yield made
    await made.client.close()
    made.server.close()


async def test_what_it_signs_verifies_with_what_is_published(world: World) -> None:
    kid = await world.signer.kid()
    assert await world.signer.kid() == kid
    raw = await world.signer.sign(kid, b"base")
    (published,) = [key for key in await world.client.public(PURPOSE) if key.kid == kid]
    public = serialization.load_der_public_key(published.spki)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public.verify(der, b"base", ec.ECDSA(hashes.SHA256()))


async def test_a_key_that_is_not_there_is_asked_for_again(world: World) -> None:
    kid = await world.signer.kid()
    with pytest.raises(Unavailable):
        await world.signer.sign("gone", b"base")
    assert await world.signer.kid() == kid
    assert await world.signer.sign(kid, b"base")


async def test_nobody_listens(tmp_path: Path) -> None:
    lonely = CustodySigner(SignerClient(tmp_path / "none.sock"))
    with pytest.raises(Unavailable):
        await lonely.kid()
    with pytest.raises(Unavailable):
        await lonely.sign("k", b"base")
