"""Kept connections: which one is taken, what is sent twice and what never, and how many there are."""

import asyncio

import pytest

from ringfence.gateway.upstream import UpstreamPool
from ringfence.problem import Reason, Refused

pytestmark = [pytest.mark.flow, pytest.mark.timeout(30, method="thread")]  # uvloop does not hear the signal

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


async def get(pool, upstream, method="GET", body=b""):
    return (await pool.send("a", upstream, method, "/", (), body)).body


def first_time_only(then):
    """Answer the first request of the first connection; what comes after is up to `then`."""

    async def script(connection):
        await connection.request()
        await connection.send(OK)
        if connection.number == 1:
            await then(connection)
        else:
            await connection.serve(OK)

    return script


async def reads_and_closes(connection):
    await connection.request()


async def reads_and_resets(connection):
    await connection.request()
    connection.reset()


async def reads_and_begins(connection):
    await connection.request()
    await connection.send(b"HTTP/1.1 2")


@pytest.mark.parametrize("then", [reads_and_closes, reads_and_resets])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_an_idempotent_call_is_sent_again_where_a_kept_connection_broke_unanswered(upstream, pool, then, method):
    served, settings = await upstream(first_time_only(then))
    await get(pool, settings)
    response = await pool.send("a", settings, method, "/", (), b"")
    assert response.status == 200
    assert len(served.requests) == 3
    assert served.connections == 2


@pytest.mark.parametrize("then", [reads_and_closes, reads_and_resets])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_payment_is_never_sent_twice(upstream, pool, then, method):
    served, settings = await upstream(first_time_only(then))
    await get(pool, settings)
    with pytest.raises(Refused) as refused:
        await get(pool, settings, method, b"{}")
    assert refused.value.reason is Reason.UPSTREAM_UNREACHABLE
    assert len(served.requests) == 2


async def test_nothing_is_sent_again_once_an_answer_began(upstream, pool):
    served, settings = await upstream(first_time_only(reads_and_begins))
    await get(pool, settings)
    with pytest.raises(Refused) as refused:
        await get(pool, settings)
    assert refused.value.reason is Reason.UPSTREAM_INVALID
    assert len(served.requests) == 2


async def test_nothing_is_sent_a_third_time(upstream, pool):
    async def script(connection):
        await connection.request()
        if connection.number == 1:
            await connection.send(OK)
            await connection.request()

    served, settings = await upstream(script)
    await get(pool, settings)
    with pytest.raises(Refused):
        await get(pool, settings)
    assert len(served.requests) == 3


async def test_a_new_connection_that_breaks_is_not_tried_again(upstream, pool):
    served, settings = await upstream(lambda connection: connection.request())
    with pytest.raises(Refused):
        await get(pool, settings)
    assert len(served.requests) == 1


@pytest.mark.parametrize("noticed", [True, False])
async def test_a_payment_does_not_go_out_on_a_connection_that_is_closed_already(upstream, pool, noticed):
    closed = asyncio.Event()

    async def script(connection):
        await connection.request()
        await connection.send(OK)
        if connection.number > 1:
            await connection.serve(OK)
        connection.writer.close()
        await connection.writer.wait_closed()
        closed.set()

    served, settings = await upstream(script)
    await get(pool, settings)
    if noticed:
        await asyncio.sleep(0.05)
        assert pool.stats()["a"].open == 0
    else:
        await closed.wait()
    assert await get(pool, settings, "POST", b"{}") == b"ok"
    assert [request[1] for request in served.requests] == [b"", b"{}"]


async def test_stray_octets_are_not_taken_for_the_next_answer(upstream, pool):
    async def script(connection):
        await connection.request()
        await connection.send(OK)
        if connection.number == 1:
            await asyncio.sleep(0.02)
            await connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")
            await connection.gone()
        await connection.serve(OK)

    served, settings = await upstream(script)
    await get(pool, settings)
    await asyncio.sleep(0.05)
    assert await get(pool, settings, "POST", b"{}") == b"ok"
    assert served.connections == 2


async def test_a_closing_answer_is_not_followed_on_its_connection(upstream, pool):
    served, settings = await upstream(
        lambda c: c.serve(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok")
    )
    for _ in range(2):
        assert await get(pool, settings) == b"ok"
    assert served.connections == 2


async def test_the_connection_used_last_is_used_next(upstream, pool):
    seen = []

    async def script(connection):
        while True:
            await connection.request()
            seen.append(connection.number)
            await asyncio.sleep(0.03 * connection.number)
            await connection.send(OK)

    _, settings = await upstream(script)
    await asyncio.gather(get(pool, settings), get(pool, settings))
    assert sorted(seen) == [1, 2]
    await get(pool, settings)
    await get(pool, settings)
    assert seen[2:] == [2, 2]


async def test_unused_connections_are_closed_in_time(upstream, pool):
    served, settings = await upstream(lambda c: c.serve(OK), keep_alive_seconds=0.1)
    await asyncio.gather(*[get(pool, settings) for _ in range(3)])
    assert pool.stats()["a"].idle == 3
    await asyncio.sleep(0.25)
    assert (pool.stats()["a"].open, served.ended) == (0, 3)


async def test_no_more_connections_and_no_longer_queue_than_the_policy_says(upstream, pool):
    served, settings = await upstream(lambda c: c.serve(OK, gap=0.0), max_connections=2, max_waiting=3)
    served.script = slow
    results = await asyncio.gather(*[get(pool, settings) for _ in range(8)], return_exceptions=True)
    refused = [result for result in results if isinstance(result, Refused)]
    assert results.count(b"ok") == 5
    assert [result.reason for result in refused] == [Reason.UPSTREAM_BUSY] * 3
    assert dict(refused[0].headers)["retry-after"]
    assert served.connections == 2
    assert pool.stats()["a"].open == 2


async def slow(connection):
    while True:
        await connection.request()
        await asyncio.sleep(0.05)
        await connection.send(OK)


async def test_waiting_has_an_end(upstream, pool):
    async def script(connection):
        await connection.request()
        await connection.gone()

    _, settings = await upstream(script, max_connections=1, connect_timeout_seconds=0.1, timeout_seconds=1)
    holding = asyncio.create_task(get(pool, settings))
    await asyncio.sleep(0.02)
    with pytest.raises(Refused) as refused:
        await get(pool, settings)
    assert refused.value.reason is Reason.UPSTREAM_BUSY
    assert pool.stats()["a"].waiting == 0
    holding.cancel()


async def test_a_waiting_call_gets_the_place_of_a_broken_connection(upstream, pool):
    async def script(connection):
        await connection.request()
        await asyncio.sleep(0.03)
        if connection.number > 1:
            await connection.send(OK)

    _, settings = await upstream(script, max_connections=1)
    results = await asyncio.gather(get(pool, settings), get(pool, settings), return_exceptions=True)
    assert isinstance(results[0], Refused)
    assert results[1] == b"ok"


async def test_calls_given_up_at_every_moment_leak_nothing(upstream, pool):
    _served, settings = await upstream(slow, max_connections=3)
    for delay in range(12):
        calls = [asyncio.create_task(get(pool, settings)) for _ in range(6)]
        await asyncio.sleep(0.01 * delay)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    await asyncio.sleep(0.1)
    stats = pool.stats()["a"]
    assert stats.open == stats.idle <= 3
    assert stats.waiting == 0
    assert await get(pool, settings) == b"ok"


async def test_a_changed_policy_opens_new_connections_and_lets_the_old_ones_end(upstream, pool):
    old, old_settings = await upstream(slow)
    new, new_settings = await upstream(slow)
    await get(pool, old_settings)
    under_way = asyncio.create_task(get(pool, old_settings))
    await asyncio.sleep(0.01)
    assert await get(pool, new_settings) == b"ok"
    assert await under_way == b"ok"
    await asyncio.sleep(0.02)
    assert (old.ended, new.connections) == (1, 1)


async def test_closing_the_pool_ends_what_is_under_way(upstream):
    async def script(connection):
        await connection.request()
        await connection.gone()

    pool = UpstreamPool()
    served, settings = await upstream(script)
    call = asyncio.create_task(get(pool, settings))
    await asyncio.sleep(0.05)
    await pool.close()
    with pytest.raises(Refused):
        await asyncio.wait_for(call, 1)
    await asyncio.sleep(0.02)
    assert served.ended == 1
