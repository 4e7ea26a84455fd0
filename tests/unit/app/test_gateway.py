import asyncio
import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringfence.app.gateway import gateway_role
from ringfence.app.process import Signals
from ringfence.app.ready import answers
from ringfence.policy.load import LoadedPolicy


@pytest.fixture(autouse=True)
def collector_as_it_was() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


async def ask(socket: Path, target: str) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(socket))
    fields = "host: localhost:8443\r\nx-ringfence-peer: 192.0.2.7\r\nx-ringfence-listener: public\r\n"
    writer.write(f"GET {target} HTTP/1.1\r\n{fields}connection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer


async def test_a_worker_serves_reloads_and_ends(installation: Path, loaded: LoadedPolicy) -> None:
    for path in (loaded.places.state, loaded.places.fast, loaded.places.events_spill):
        path.mkdir(exist_ok=True)
    signals = Signals(asyncio.Event(), asyncio.Event())
    role = asyncio.create_task(gateway_role(installation, 0)(signals))
    socket = loaded.places.gateway_socket(0)
    async with asyncio.timeout(20):
        while not answers(socket):
            await asyncio.sleep(0.01)
        assert b"token-missing" in await ask(socket, "/things")
        assert b"unknown-path" in await ask(socket, "/other")
        document = installation.parent / "bank.yaml"
        document.write_text(document.read_text().replace("/things:", "/other:"))
        os.utime(document)
        signals.reload.set()
        while b"token-missing" not in await ask(socket, "/other"):
            await asyncio.sleep(0.01)
        signals.stop.set()
        await role
    assert not socket.exists()
