"""An audit log that the real role has written, for the tests of what reads it."""

import asyncio
import os
import threading
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

from ringfence.app.audit import audit_role
from ringfence.app.events import event_outbox, event_stream
from ringfence.app.process import Signals
from ringfence.audit.log import published
from ringfence.clock import system_clock
from ringfence.events import Event
from ringfence.events.calls import CallDecided
from ringfence.keys.server import listen
from ringfence.policy.load import LoadedPolicy, load
from ringfence.policy.places import Places
from tests.keys_fixture import open_keeper


def call(number: int, **members: object) -> CallDecided:
    letters = f"{number:026d}".translate(str.maketrans("0189", "abcd"))
    values: dict = {
        "at": system_clock(), "correlation": letters, "trace": "t", "allowed": True, "status": 200,
        "client": "client_a", "user": "user_a", "network": "192.0.2.7", "method": "GET", "path": "/things",
    }  # fmt: skip
    return CallDecided(**(values | members))


@contextmanager
def signer(where: Places):
    """The signer as the role `audit` sees it, in a thread of its own: a later one has the same keys."""
    for path in (where.sockets, where.keys):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    started, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        keeper = open_keeper(where.keys)

        async def answer(_peer, request):
            return await keeper.answer("audit", request)

        server = await listen(where.signer_socket("audit"), answer, frozenset({os.getuid()}))
        started.set()
        await asyncio.to_thread(stop.wait)
        server.close()
        where.signer_socket("audit").unlink()
        keeper.close()

    thread = threading.Thread(target=partial(asyncio.run, serve()))
    thread.start()
    assert started.wait(20)
    try:
        yield
    finally:
        stop.set()
        thread.join()


@asynccontextmanager
async def role(policy: Path):
    """Run the role until the block ends; it ends in order."""
    signals = Signals(asyncio.Event(), asyncio.Event())
    task = asyncio.create_task(audit_role(policy)(signals))
    try:
        yield task
    finally:
        signals.stop.set()
        async with asyncio.timeout(20):
            await task


async def write(policy: Path, events: list[Event], source: str = "gateway-0") -> LoadedPolicy:
    """Let these events happen, and return when the role has put them into the log and has ended."""
    loaded = load(policy)
    loaded.places.state.mkdir(exist_ok=True)
    with signer(loaded.places):
        await _write(loaded, policy, events, source)
    return loaded


async def _write(loaded: LoadedPolicy, policy: Path, events: list[Event], source: str) -> None:
    async with role(policy), event_stream(loaded) as stream:
        async with event_outbox(loaded, source, stream) as outbox:
            for event in events:
                outbox.emit(event)
        async with asyncio.timeout(20):
            while (note := published(loaded.places.audit)) is None or note.checkpoint.size < len(events):
                await asyncio.sleep(0.02)
