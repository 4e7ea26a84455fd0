"""A PostgreSQL that is gone, silent or back: told in time, and nothing half done."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest
from sqlalchemy import text

from ringfence.clock import Instant
from ringfence.store.database import Database
from ringfence.store.interface import Unavailable
from ringfence.store.model import Client
from ringfence.store.records import SqlRecords, open_records
from tests.postgres_server import PostgresServer

IN_TIME = 3.0
CLIENT = Client(client_id="c", name="C", created_at=Instant(1.0))


@pytest.fixture
def server(postgres: PostgresServer) -> Iterator[PostgresServer]:
    yield postgres
    postgres.thaw()
    postgres.stop()
    postgres.start()


@pytest.fixture
async def records(server: PostgresServer) -> AsyncIterator[SqlRecords]:
    opened = await open_records(await server.emptied())
    yield opened
    await opened.close()


async def unavailable_within(limit: float, records: SqlRecords, calls: int = 1) -> None:
    began = time.monotonic()
    answers = await asyncio.gather(*(records.client("c") for _ in range(calls)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * calls
    assert time.monotonic() - began < limit


async def test_a_server_that_is_gone_is_told_at_once_and_used_again_when_it_is_back(
    server: PostgresServer, records: SqlRecords
) -> None:
    await records.add_client(CLIENT)
    server.stop()
    await unavailable_within(1.0, records, calls=20)
    with pytest.raises(Unavailable):
        await records.add_client(msgspec.structs.replace(CLIENT, client_id="d"))
    with pytest.raises(Unavailable):
        await open_records(server.url("emptied"))
    server.start()
    assert await records.client("c") == CLIENT


async def test_a_server_that_was_restarted_meanwhile_costs_nobody_a_refusal(
    server: PostgresServer, records: SqlRecords
) -> None:
    await asyncio.gather(*(records.client("c") for _ in range(10)))  # so that several connections are kept
    server.stop()
    server.start()
    assert await asyncio.gather(*(records.client("c") for _ in range(10))) == [None] * 10
    await records.add_client(CLIENT)


async def test_a_server_that_says_nothing_keeps_no_caller_waiting(server: PostgresServer, records: SqlRecords) -> None:
    await asyncio.gather(*(records.client("c") for _ in range(10)))
    server.freeze()
    await unavailable_within(IN_TIME, records, calls=20)
    await unavailable_within(IN_TIME, records, calls=20)
    server.thaw()
    assert await records.client("c") is None


async def test_a_transaction_that_the_server_went_silent_on_is_undone(server: PostgresServer) -> None:
    await server.emptied()
    database = Database(server.url("emptied"))
    insert = text("INSERT INTO users VALUES ('u', 'u', '', '', 'active', 1.0)")

    async def interrupted() -> None:
        async with database.writing() as connection:
            await connection.execute(insert)
            server.freeze()
            await connection.execute(text("SELECT 1"))

    began = time.monotonic()
    with pytest.raises(Unavailable):
        await interrupted()
    assert time.monotonic() - began < IN_TIME
    server.thaw()
    async with database.writing() as connection:  # would wait for the former's lock, or find its row
        await connection.execute(insert)
    await database.close()


async def test_what_the_driver_says_of_a_wrong_database_stays_ours(server: PostgresServer) -> None:
    with pytest.raises(Unavailable, match="does not exist"):
        await open_records(server.url("nowhere"))


async def test_a_server_without_tls_is_refused_where_tls_is_demanded(postgres: PostgresServer) -> None:
    await postgres.emptied()
    await (await open_records(postgres.tcp_url("emptied"))).close()
    with pytest.raises(Unavailable, match="SSL"):
        await open_records(postgres.tcp_url("emptied"), ssl.create_default_context())
