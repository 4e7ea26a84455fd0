"""Counting beside the stream, states of an installation, and the plain listener."""

import asyncio
import socket
from pathlib import Path

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from ringfence.admin.measures import Measures, States
from ringfence.app.metrics import count_events, serve_metrics, states_of
from ringfence.clock import Instant
from ringfence.events import encode
from ringfence.events.actions import RoleExited
from ringfence.gateway.overload import Pressure
from ringfence.policy.load import LoadedPolicy
from ringfence.policy.metrics_model import Metrics
from ringfence.store.cursors import Cursor, Cursors
from ringfence.store.embedded.sqlite_events import SqliteEvents
from ringfence.store.embedded.sqlite_watch import SqliteWatch
from ringfence.store.watch_interface import Block

PRESSURE = (Pressure("bank/v1", 31, 30, 4),)
EXITED = encode(RoleExited(Instant(1.0), "gateway-0", 1, 0.1))
RESTARTS = 'ringfence_role_restarts_total{role="gateway-0"} '


async def counted(measures: Measures, number: int) -> None:
    async with asyncio.timeout(10):
        while f"{RESTARTS}{number}.0".encode() not in measures.text(States()):
            await asyncio.sleep(0.02)


async def test_events_are_counted_from_the_start_of_the_process_on(tmp_path: Path) -> None:
    stream, measures = SqliteEvents(tmp_path / "events.db"), Measures()
    await stream.append([EXITED] * 3)
    task = asyncio.create_task(count_events(stream, measures))
    await asyncio.sleep(0.2)
    await stream.append([EXITED] * 1200)
    await stream.append([b'{"event":"of.a.later.version.v9"}', EXITED])
    await counted(measures, 1201)
    task.cancel()
    await stream.close()


async def test_an_outage_of_the_stream_is_outlived(tmp_path: Path) -> None:
    (tmp_path / "events.db").mkdir()
    stream, measures = SqliteEvents(tmp_path / "events.db"), Measures()
    task = asyncio.create_task(count_events(stream, measures))
    await asyncio.sleep(0.2)
    (tmp_path / "events.db").rmdir()
    await asyncio.sleep(0.8)
    await stream.append([EXITED])
    await counted(measures, 1)
    task.cancel()
    await stream.close()


async def test_states_of_what_runs_and_what_does_not(loaded: LoadedPolicy) -> None:
    where = loaded.places
    where.sockets.mkdir(parents=True)
    stream, watch = SqliteEvents(where.events), SqliteWatch(where.watch)
    await stream.append([EXITED] * 5)
    await watch.note_seen(3)
    await watch.add_block(Block("network", "192.0.2.1", Instant(99.0), "w", "b", Instant(1.0)))
    states = states_of(where, lambda: 2, stream, watch, lambda: Instant(10.0), lambda: ["siem", "new", "torn"])
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(where.gateway_socket(1)))
        listening.listen()
        where.gateway_pressure(1).write_bytes(msgspec.json.encode(PRESSURE))
        Cursors(where.exports).write("siem", Cursor(position=3))
        (where.exports / "torn.json").write_text("?")
        sinks = {"siem": Cursor(position=3), "new": None, "torn": None}
        roles = {"oauth": False, "edge": False, "gateway-0": False, "gateway-1": True}
        assert await states() == States(5, 3, 0, roles, {"network": 1}, {"gateway-1": PRESSURE}, sinks)
    await watch.close()
    await stream.close()
    gone = await states()
    assert (gone.last_event, gone.watch_position, gone.blocks) == (None, None, {})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def answer(port: int) -> str:
    async with httpx.AsyncClient() as client, asyncio.timeout(10):
        while True:
            try:
                return (await client.get(f"http://127.0.0.1:{port}/")).text
            except httpx.TransportError:
                await asyncio.sleep(0.02)


async def test_the_listener_serves_and_a_taken_port_is_no_reason_to_end() -> None:
    async def hello(_request: object) -> PlainTextResponse:
        return PlainTextResponse("here")

    app, stop, port = Starlette(routes=[Route("/", hello)]), asyncio.Event(), free_port()
    serving = asyncio.create_task(serve_metrics(app, Metrics(port=port), stop))
    assert await answer(port) == "here"
    stop.set()
    await asyncio.wait_for(serving, 10)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        await asyncio.wait_for(serve_metrics(app, Metrics(port=taken.getsockname()[1]), asyncio.Event()), 10)
