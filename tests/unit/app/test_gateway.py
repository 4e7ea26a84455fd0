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


PASSING = "responses: {undeclared_status: pass, undeclared_member: pass, wrong_type: pass}"


async def test_a_worker_answers_an_envoy_that_asks_where_the_policy_says_so(
    installation: Path, loaded: LoadedPolicy
) -> None:
    write(installation, "        defaults:", f"        {PASSING}\n        defaults:")
    write(installation, "on_outage:", "gateway: {ext_authz: on}\non_outage:")
    for path in (loaded.places.state, loaded.places.fast, loaded.places.events_spill):
        path.mkdir(exist_ok=True)
    signals = Signals(asyncio.Event(), asyncio.Event())
    role = asyncio.create_task(gateway_role(installation, 0)(signals))
    sockets = (loaded.places.gateway_socket(0), loaded.places.authz_socket(0))
    async with asyncio.timeout(30):
        while not all(map(answers, sockets)):
            await asyncio.sleep(0.01)
        for socket in sockets:
            assert b"token-missing" in await ask(socket, "/things")
        write(installation, "ext_authz: on", "ext_authz: off")
        signals.reload.set()
        while b"unavailable" not in await ask(sockets[1], "/things"):
            await asyncio.sleep(0.01)
        assert b"token-missing" in await ask(sockets[0], "/things")
        signals.stop.set()
        await role
    assert not any(socket.exists() for socket in sockets)


def write(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
