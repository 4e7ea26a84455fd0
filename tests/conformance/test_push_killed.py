"""Two processes push one stream, and are killed with SIGKILL in the middle of it: no event is lost, and order is kept.  RFC 8935 §4."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.store.model import Client
from ringfence.store.push_model import SignalPush
from ringfence.store.records import open_records
from ringfence.store.signals_model import PendingSignal, SignalStream

EVENTS = 120

PUSHER = '''
import asyncio, os, sys, time
from types import SimpleNamespace
from ringfence.app.pushing import push_signals
from ringfence.fetching import Answered
from ringfence.ids import system_random
from ringfence.store.records import open_records

class Way:
    """A receiver: what it has taken stands in a file before it answers."""
    async def deliver(self, target, body, media_type, authorization):
        line = f"{os.getpid()} {body.decode()}\\n".encode()
        file = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, line)
        os.close(file)
        await asyncio.sleep(0.015)
        return Answered(202, b"")

async def main():
    records = await open_records(sys.argv[1])
    events = SimpleNamespace(emit=lambda event: None)
    # a clock that runs five times as fast: a hold is over after three seconds
    ports = SimpleNamespace(records=records, events=events, random=system_random, clock=lambda: time.time() * 5)
    await push_signals(lambda: SimpleNamespace(ports=ports), Way(), every=0.02)

asyncio.run(main())
'''


def taken(file: Path) -> list[tuple[int, str]]:
    lines = file.read_text().splitlines() if file.exists() else []
    return [(int(pid), token) for pid, token in (line.split() for line in lines)]


def wait_for(what, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


async def filled(url: str) -> None:
    records = await open_records(url)
    await records.add_client(Client(client_id="c", name="c", scopes=("ssf.manage",), created_at=Instant(0.0)))
    push = SignalPush(stream_id="s", client_id="c", endpoint_url="https://told.example/")
    await records.add_signal_stream(SignalStream(stream_id="s", client_id="c", created_at=Instant(0.0)), push)
    for number in range(EVENTS):
        token = f"event-{number:03}"
        kept = PendingSignal(stream_id="s", jti=token, token=token, created_at=Instant(float(number)))
        await records.keep_signal(kept, EVENTS)
    await records.close()


async def left(url: str) -> int:
    records = await open_records(url)
    found = len(await records.pending_signals("s", EVENTS))
    await records.close()
    return found


@pytest.mark.timeout(120)
def test_nothing_is_lost_and_order_is_kept_however_often_who_pushes_is_killed(tmp_path: Path) -> None:
    url, file = f"sqlite+aiosqlite:///{tmp_path}/records.db", tmp_path / "taken"
    asyncio.run(filled(url))
    running: list[subprocess.Popen[bytes]] = []

    def begin() -> None:
        running.append(subprocess.Popen([sys.executable, "-c", PUSHER, url, str(file)]))

    try:
        begin()
        begin()
        for after in (5, 20):
            wait_for(lambda after=after: len(taken(file)) > after)
            pid, _ = taken(file)[-1]
            os.kill(pid, signal.SIGKILL)
            next(one for one in running if one.pid == pid).wait()
            begin()
        wait_for(lambda: len({token for _, token in taken(file)}) == EVENTS)
        wait_for(lambda: asyncio.run(left(url)) == 0)
    finally:
        for one in running:
            one.kill()
            one.wait()
    first = list(dict.fromkeys(token for _, token in taken(file)))
    assert first == [f"event-{number:03}" for number in range(EVENTS)]
