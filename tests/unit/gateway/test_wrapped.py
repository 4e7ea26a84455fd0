import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from ringfence.gateway.ports import NotSent
from ringfence.gateway.wrapped import WrappedApp
from ringfence.policy.model import Upstream
from ringfence.problem import Reason, Refused

UPSTREAM = Upstream(url="http://bank.internal/v1", timeout_seconds=20, idle_timeout_seconds=20)
HASTY = Upstream(url="http://bank.internal/v1", timeout_seconds=0.05, idle_timeout_seconds=0.05)


class Bank:
    """An application that does whatever it is asked for by path."""

    def __init__(self) -> None:
        self.after: list[str] = []
        self.gone = asyncio.Event()
        self.sent = 0
        names = ("echo", "stream", "fails", "late", "breaks", "silent", "background", "named", "splits", "length")
        routes = [Route(f"/v1/{name}", getattr(self, name), methods=["GET", "POST", "HEAD"]) for name in names]
        self.wrapped = WrappedApp(Starlette(routes=routes))

    async def call(self, target: str, method: str = "GET", body: bytes = b"", upstream: Upstream = UPSTREAM) -> Any:
        return await self.wrapped.send("bank/v1", upstream, method, target, (("x-a", "1"),), body)

    async def echo(self, request: Request) -> Response:
        body = await request.body()
        seen = {
            "url": str(request.url),
            "raw": request.scope["raw_path"].decode(),
            "headers": dict(request.headers),
            "client": request.scope["client"],
            "state": dict(request.scope["state"]),
        }
        request.scope["state"]["mine"] = 1
        return JSONResponse({**seen, "body": body.decode()}, headers={"x-powered-by": "tea", "x-own": "1"})

    async def stream(self, _: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(100):
                self.sent += 1
                yield b"x" * 10_000

        return StreamingResponse(pieces())

    async def fails(self, _: Request) -> Response:
        raise RuntimeError("hunter2")

    async def late(self, request: Request) -> Response:
        while not await request.is_disconnected():
            await asyncio.sleep(0.005)
        self.gone.set()
        return PlainTextResponse("nobody reads this")

    async def breaks(self, _: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"a"
            raise RuntimeError("hunter2")

        return StreamingResponse(pieces())

    async def silent(self, _: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"a"
            await asyncio.sleep(3600)

        return StreamingResponse(pieces())

    async def background(self, _: Request) -> Response:
        async def work() -> None:
            await asyncio.sleep(0)
            self.after.append("done")

        return PlainTextResponse("ok", background=BackgroundTask(work))

    async def named(self, _: Request) -> Response:
        return Response(status_code=204)

    async def splits(self, _: Request) -> Response:
        return PlainTextResponse("ok", headers={"x-a": "1\r\nset-cookie: a=b"})

    async def length(self, _: Request) -> Response:
        return Response(b"four", headers={"content-length": "5"})


@pytest.fixture
async def bank() -> AsyncIterator[Bank]:
    one = Bank()
    yield one
    await one.wrapped.close()


async def test_the_application_is_called_as_an_upstream_would_be(bank: Bank) -> None:
    bank.wrapped.state["pool"] = "p"
    answer = await bank.call("/echo?a=%20b", "POST", b"hi")
    assert answer.status == 200
    assert ("x-own", "1") in answer.headers
    assert "x-powered-by" not in dict(answer.headers)
    seen = msgspec.json.decode(answer.body)
    assert seen["url"] == "http://bank.internal/v1/echo?a=%20b"
    assert (seen["raw"], seen["body"], seen["client"]) == ("/v1/echo", "hi", None)
    assert seen["headers"] == {"host": "bank.internal", "x-a": "1", "content-length": "2"}
    assert (seen["state"], bank.wrapped.state) == ({"pool": "p"}, {"pool": "p"})


async def test_a_stream_waits_for_its_reader(bank: Bank) -> None:
    answer = await bank.call("/stream")
    for _ in range(50):
        await asyncio.sleep(0)
    assert bank.sent < 20
    assert len(b"".join([piece async for piece in answer.body])) == 1_000_000


async def test_a_stream_that_nobody_wants_ends_the_call(bank: Bank) -> None:
    answer = await bank.call("/stream")
    await answer.body.aclose()
    async with asyncio.timeout(20):
        while bank.wrapped._running:
            await asyncio.sleep(0.005)
    assert bank.sent < 100


async def whole(bank: Bank, target: str, upstream: Upstream) -> bytes:
    answer = await bank.call(target, upstream=upstream)
    return answer.body if isinstance(answer.body, bytes) else b"".join([piece async for piece in answer.body])


async def refusal(bank: Bank, target: str, upstream: Upstream = UPSTREAM) -> Refused:
    with pytest.raises(Refused) as refused:
        await whole(bank, target, upstream)
    return refused.value


@pytest.mark.parametrize(
    ("target", "upstream", "reason"),
    [
        ("/breaks", UPSTREAM, Reason.UPSTREAM_FAILED),
        ("/silent", HASTY, Reason.UPSTREAM_TIMEOUT),
        ("/late", HASTY, Reason.UPSTREAM_TIMEOUT),
        ("/splits", UPSTREAM, Reason.UPSTREAM_INVALID),
        ("/length", UPSTREAM, Reason.UPSTREAM_INVALID),
        ("/stream", Upstream(url="http://b/v1", max_response_bytes=5), Reason.UPSTREAM_INVALID),
    ],
)
async def test_what_is_no_answer_is_refused(bank: Bank, target: str, upstream: Upstream, reason: Reason) -> None:
    refused = await refusal(bank, target, upstream)
    assert refused.reason is reason
    assert "hunter2" not in refused.private


async def test_an_application_that_raises_failed(bank: Bank) -> None:
    assert (await bank.call("/fails")).status == 500  # Starlette's own, which forward replaces

    async def raises(*_: Any) -> None:
        raise RuntimeError("hunter2")

    with pytest.raises(Refused) as refused:
        await WrappedApp(raises).send("b", UPSTREAM, "GET", "/a", (), b"")
    assert (refused.value.reason, refused.value.private) == (
        Reason.UPSTREAM_FAILED,
        "the application raised RuntimeError",
    )


async def test_an_application_that_says_nothing_at_all_gave_no_answer() -> None:
    async def nothing(*_: Any) -> None:
        return

    with pytest.raises(Refused) as refused:
        await WrappedApp(nothing).send("b", UPSTREAM, "GET", "/a", (), b"")
    assert refused.value.reason is Reason.UPSTREAM_INVALID


async def test_who_is_too_late_is_told_that_nobody_waits(bank: Bank) -> None:
    await refusal(bank, "/late", HASTY)
    async with asyncio.timeout(20):
        await bank.gone.wait()


async def test_a_caller_who_leaves_leaves_no_call_behind(bank: Bank) -> None:
    task = asyncio.create_task(bank.call("/late"))
    await asyncio.sleep(0.01)
    task.cancel()
    async with asyncio.timeout(20):
        await bank.gone.wait()


async def test_what_the_application_does_after_its_answer_is_done(bank: Bank) -> None:
    assert (await bank.call("/background")).body == b"ok"
    async with asyncio.timeout(20):
        while bank.after != ["done"]:
            await asyncio.sleep(0.005)


async def test_answers_without_a_body(bank: Bank) -> None:
    assert (await bank.call("/named")).status == 204
    head = await bank.call("/background", "HEAD")
    assert (head.body, dict(head.headers)["content-length"]) == (b"", "2")


async def test_more_calls_than_the_policy_says_are_not_begun(bank: Bank) -> None:
    one = Upstream(url="http://bank.internal/v1", max_connections=1)
    task = asyncio.create_task(bank.call("/late"))
    await asyncio.sleep(0.01)
    with pytest.raises(NotSent) as refused:
        await bank.call("/echo", upstream=one)
    assert refused.value.reason is Reason.UPSTREAM_BUSY
    task.cancel()


async def test_messages_out_of_turn_break_the_call() -> None:
    async def twice(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.body", "body": b"x"})

    with pytest.raises(Refused) as refused:
        await WrappedApp(twice).send("b", UPSTREAM, "GET", "/a", (), b"")
    assert refused.value.reason is Reason.UPSTREAM_FAILED
