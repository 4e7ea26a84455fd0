"""What a worker tells of its upstreams, and what the management reads of it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from ringfence.app.pressure import tell, told
from ringfence.gateway.overload import Pressure
from ringfence.policy.load import LoadedPolicy


async def until(fits: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not fits():
            await asyncio.sleep(0.01)


async def test_it_is_told_while_the_worker_runs(loaded: LoadedPolicy) -> None:
    where, now = loaded.places, (Pressure("bank/v1", 32, 1, 0),)
    where.sockets.mkdir(parents=True)
    task = asyncio.create_task(tell(where.gateway_pressure(1), lambda: now))
    await until(lambda: told(where, 2) == {"gateway-1": now})
    before = where.gateway_pressure(1).stat().st_mtime_ns
    await asyncio.sleep(1.2)
    assert where.gateway_pressure(1).stat().st_mtime_ns == before  # nothing has changed
    now = (Pressure("bank/v1", 16, 16, 9),)
    await until(lambda: told(where, 2) == {"gateway-1": now})
    task.cancel()
    await asyncio.wait({task})
    assert told(where, 2) == {}


async def test_what_is_no_pressure_is_none(loaded: LoadedPolicy) -> None:
    where = loaded.places
    where.sockets.mkdir(parents=True)
    for content in (
        b"",
        b"{}",
        b'[["bank/v1",1]]',
        b"\xff",
        b'[{"upstream":"a","limit":"x","in_flight":0,"waiting":0}]',
    ):
        where.gateway_pressure(0).write_bytes(content)
        assert told(where, 1) == {}


async def test_a_disk_that_does_not_take_it_is_no_reason_to_end(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "gw0.pressure.json"
    task = asyncio.create_task(tell(path, tuple))
    await asyncio.sleep(0.05)
    assert not task.done()
    path.parent.mkdir()
    await until(path.exists)
    task.cancel()
    await asyncio.wait({task})
    assert not path.exists()
