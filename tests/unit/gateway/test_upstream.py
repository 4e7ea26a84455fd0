"""The pool against an upstream that behaves. What misbehaves: tests/flow/gateway."""

import asyncio

import pytest

from ringfence.gateway.upstream import LineStats, UpstreamPool
from ringfence.policy.model import Upstream
from ringfence.problem import Reason, Refused


@pytest.fixture
async def bank():
    heads = []

    async def serve(reader, writer):
        while head := await reader.readuntil(b"\r\n\r\n"):
            heads.append(head)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    server = await asyncio.start_server(lambda r, w: asyncio.shield(quiet(serve(r, w))), "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
    server.close()


async def quiet(serving):
    try:
        await serving
    except (asyncio.IncompleteReadError, ConnectionError):
        return


@pytest.fixture
async def pool():
    made = UpstreamPool()
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("path", "line"),
    [("", b"GET /x?y HTTP/1.1"), ("/", b"GET /x?y HTTP/1.1"), ("/api/v1", b"GET /api/v1/x?y HTTP/1.1")],
)
async def test_the_upstreams_own_path_is_put_before(bank, pool, path, line):
    address, heads = bank
    response = await pool.send("a", Upstream(url=f"http://{address}{path}"), "GET", "/x?y", (("host", "public"),), b"")
    assert (response.status, response.body) == (200, b"ok")
    assert heads[0].split(b"\r\n")[:2] == [line, b"host: " + address.encode()]


async def test_each_name_has_its_own_connections(bank, pool):
    address, _ = bank
    settings = Upstream(url=f"http://{address}")
    for name in ("a", "a", "b"):
        await pool.send(name, settings, "GET", "/", (), b"")
    assert pool.stats() == {"a": LineStats(1, 1, 0), "b": LineStats(1, 1, 0)}


async def test_the_same_policy_read_again_keeps_the_connections(bank, pool):
    address, _ = bank
    for _ in range(2):
        await pool.send("a", Upstream(url=f"http://{address}"), "GET", "/", (), b"")
    assert pool.stats() == {"a": LineStats(1, 1, 0)}


async def test_a_request_that_must_not_go_out_opens_nothing(bank, pool):
    address, heads = bank
    with pytest.raises(Refused) as refused:
        await pool.send("a", Upstream(url=f"http://{address}"), "GET", "/x y", (), b"")
    assert refused.value.reason is Reason.INTERNAL
    assert not heads
    assert pool.stats()["a"].open == 0


async def test_without_a_queue_a_busy_upstream_is_told_at_once(bank, pool):
    address, _ = bank
    settings = Upstream(url=f"http://{address}", max_connections=1, max_waiting=0)
    results = await asyncio.gather(
        *[pool.send("a", settings, "GET", "/", (), b"") for _ in range(2)], return_exceptions=True
    )
    assert [getattr(result, "reason", None) for result in results] == [None, Reason.UPSTREAM_BUSY]
