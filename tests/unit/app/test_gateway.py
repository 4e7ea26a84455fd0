import asyncio
import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringfence.app.gateway import gateway_role
from ringfence.app.installing import create_keys
from ringfence.app.process import Signals
from ringfence.app.ready import answers
from ringfence.clock import system_clock
from ringfence.demo.installation import write_installation
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


@pytest.mark.parametrize("linked", [True, False])
def test_only_a_worker_that_sees_payments_loads_what_speaks_to_a_database(
    tmp_path: Path, installation: Path, linked: bool
) -> None:
    policy = write_installation(tmp_path, system_clock(), create_keys).policy if linked else installation
    code = (
        "import sys; from pathlib import Path; from ringfence.app.gateway import _load_for_records; "
        "from ringfence.policy.load import load; _load_for_records(load(Path(sys.argv[1]))); "
        "print('sqlalchemy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code, str(policy)], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(linked)
