"""Many look-ups at once, some given up halfway: each gets its own record, whatever the database."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.store.model import Client
from ringfence.store.records import SqlRecords, open_records

MANY = 100


@pytest.fixture(params=["sqlite", "postgres"])
async def records(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlRecords]:
    if request.param == "sqlite":
        opened = await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")
    else:
        opened = await open_records(await request.getfixturevalue("postgres").emptied())
    for number in range(MANY):
        await opened.add_client(Client(client_id=f"c{number}", name=f"Client {number}", created_at=Instant(1.0)))
    yield opened
    await opened.close()


async def named(records: SqlRecords, number: int) -> str:
    found = await records.client(f"c{number}")
    assert found is not None
    return found.name


async def test_each_gets_its_own(records: SqlRecords) -> None:
    names = await asyncio.gather(*(named(records, number % MANY) for number in range(MANY * 5)))
    assert names == [f"Client {number % MANY}" for number in range(MANY * 5)]


async def test_what_is_given_up_halfway_is_nobody_elses_answer(records: SqlRecords) -> None:
    chosen = random.Random(7)
    for _ in range(5):
        tasks = [asyncio.create_task(named(records, number)) for number in range(MANY)]
        await asyncio.sleep(chosen.random() * 0.01)
        for task in chosen.sample(tasks, MANY // 2):
            task.cancel()
        for number, answer in enumerate(await asyncio.gather(*tasks, return_exceptions=True)):
            assert isinstance(answer, asyncio.CancelledError) or answer == f"Client {number}"
    names = await asyncio.gather(*(named(records, number) for number in range(MANY)))
    assert names == [f"Client {number}" for number in range(MANY)]
