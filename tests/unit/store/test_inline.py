"""The thread that waits, and the connection that does not."""

import asyncio
import threading
import time

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from ringfence.store.inline import InlineConnection, Thread


async def test_work_runs_in_one_thread_and_one_after_the_other() -> None:
    thread = Thread()
    seen: list[int] = []

    def work() -> int:
        seen.append(threading.get_ident())
        return len(seen)

    assert sorted(await asyncio.gather(*(thread.run(work) for _ in range(5)))) == [1, 2, 3, 4, 5]
    assert len(set(seen)) == 1
    assert seen[0] != threading.get_ident()
    thread.end()


async def test_an_error_of_the_work_is_the_callers() -> None:
    thread = Thread()

    def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await thread.run(fail)
    thread.end()


async def test_who_is_cancelled_gets_away_when_the_thread_is_done() -> None:
    thread, done = Thread(), threading.Event()

    def slow() -> None:
        time.sleep(0.2)
        done.set()

    task = asyncio.create_task(thread.run(slow))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done.is_set()
    thread.end()


async def test_statements_run_here_and_long_work_there() -> None:
    thread = Thread()
    engine = create_engine("sqlite://")
    with engine.connect() as plain:
        connection = InlineConnection(plain, thread)
        assert (await connection.execute(text("SELECT :n"), {"n": 3})).scalar() == 3
        assert await connection.run_sync(lambda _, more: (threading.get_ident(), more), 5) != (threading.get_ident(), 5)
    thread.end()


async def test_a_nested_block_undoes_itself_alone() -> None:
    thread = Thread()
    engine = create_engine("sqlite://")
    with engine.begin() as plain:
        connection = InlineConnection(plain, thread)
        await connection.execute(text("CREATE TABLE t (n INTEGER PRIMARY KEY)"))
        await connection.execute(text("INSERT INTO t VALUES (1)"))

        async def twice() -> None:
            async with connection.begin_nested():
                await connection.execute(text("INSERT INTO t VALUES (2)"))
                await connection.execute(text("INSERT INTO t VALUES (1)"))

        with pytest.raises(IntegrityError):
            await twice()
        assert list((await connection.execute(text("SELECT n FROM t"))).scalars()) == [1]
    thread.end()
