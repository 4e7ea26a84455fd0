import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from ringfence.gateway.asgi import AsgiApp
from ringfence.message import Peer, Response
from ringfence.problem import Reason, Refused, problem_document


class Gateway:
    def __init__(self, answer=None):
        self.answer = answer or Response(200, (("x-a", "1"),), b"ok")
        self.seen = []
        self.bodies = []
        self.refused = []

    async def __call__(self, request, read_body):
        self.seen.append(request)
        try:
            self.bodies.append(await read_body(10))
        except Refused as refused:
            return self.turned_away(request, refused)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def turned_away(self, request, refused):
        self.refused.append(refused)
        return Response(refused.status, (), problem_document(refused, request.correlation))


def client(app):
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://bank.example")


async def pieces():
    yield b"a"
    yield b"b"


async def test_a_call_comes_through_with_its_path_undecoded():
    gateway = Gateway()
    async with client(AsgiApp(gateway)) as http:
        answer = await http.post("/a/M%C3%BC?b=%20", content=b"hi", headers={"x-ringfence-peer": "192.0.2.1"})
    assert (answer.status_code, answer.text, answer.headers["x-a"]) == (200, "ok", "1")
    (request,) = gateway.seen
    assert (request.scheme, request.path, request.query) == ("https", "/a/M%C3%BC", "b=%20")
    assert request.peer == Peer("127.0.0.1")
    assert gateway.bodies == [b"hi"]


async def test_it_can_be_mounted_in_another_application():
    gateway = Gateway()
    async with client(Starlette(routes=[Mount("/bank", app=AsgiApp(gateway))])) as http:
        assert (await http.get("/bank/accounts")).text == "ok"
    assert gateway.seen[0].path == "/bank/accounts"


@pytest.mark.parametrize(("path", "reason"), [("/a%2fb", Reason.UNSAFE_PATH), ("/a?b=%ff", Reason.MALFORMED_REQUEST)])
async def test_what_is_no_call_is_turned_away(path, reason):
    gateway = Gateway()
    async with client(AsgiApp(gateway)) as http:
        answer = await http.get(path)
    assert answer.status_code == 400
    assert [refused.reason for refused in gateway.refused] == [reason]
    assert not gateway.seen


async def test_too_large_a_body_is_refused_declared_or_not():
    for content in (b"x" * 11, pieces_of(6, 6)):
        gateway = Gateway()
        async with client(AsgiApp(gateway)) as http:
            assert (await http.post("/a", content=content)).status_code == 413


async def pieces_of(*sizes):
    for size in sizes:
        yield b"x" * size


async def test_a_broken_handler_is_a_500():
    async with client(AsgiApp(Gateway(RuntimeError("hunter2")))) as http:
        answer = await http.get("/a")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text


async def test_a_refusal_that_the_handler_lets_through_keeps_its_reason():
    async with client(AsgiApp(Gateway(Refused(Reason.RATE_LIMITED)))) as http:
        assert (await http.get("/a")).status_code == 429


@pytest.mark.parametrize(
    ("method", "answer", "text", "length"),
    [
        ("HEAD", Response(200, (("content-length", "5"),), b""), "", "5"),
        ("HEAD", Response(200, (), b"ok"), "", None),
        ("GET", Response(204, ()), "", None),
        ("GET", Response(200, (("content-length", "9"),), b"ok"), "ok", "2"),
    ],
)
async def test_framing(method, answer, text, length):
    async with client(AsgiApp(Gateway(answer))) as http:
        got = await http.request(method, "/a")
    assert (got.text, got.headers.get("content-length")) == (text, length)


async def test_a_stream_is_passed_on_and_a_broken_one_breaks():
    async with client(AsgiApp(Gateway(Response(200, (), pieces())))) as http:
        assert (await http.get("/a")).text == "ab"

    async def broken():
        yield b"a"
        raise Refused(Reason.UPSTREAM_INVALID)

    async with client(AsgiApp(Gateway(Response(200, (), broken())))) as http:
        with pytest.raises(Refused):
            await http.get("/a")


class Server:
    """Messages in, messages out."""

    def __init__(self, *messages):
        self.messages = list(messages)
        self.sent = []

    async def receive(self):
        if not self.messages:
            await asyncio.sleep(10)
        return self.messages.pop(0)

    async def send(self, message):
        self.sent.append(message)


def scope(**more):
    return {
        "type": "http", "method": "POST", "path": "/a", "raw_path": b"/a", "query_string": b"",
        "headers": [(b"host", b"a"), (b"content-length", b"4")], "client": ("192.0.2.1", 1), **more,
    }  # fmt: skip


async def test_a_caller_who_leaves_in_the_middle_of_the_body():
    gateway = Gateway()
    server = Server({"type": "http.request", "body": b"ab", "more_body": True}, {"type": "http.disconnect"})
    await AsgiApp(gateway)(scope(), server.receive, server.send)
    assert [refused.reason for refused in gateway.refused] == [Reason.BODY_INCOMPLETE]


@pytest.mark.parametrize("first", [(), ({"type": "http.request", "body": b"ab", "more_body": True},)])
async def test_a_body_that_does_not_come_in_time(first):
    gateway = Gateway()
    server = Server(*first)
    await AsgiApp(gateway, body_seconds=0.05)(scope(), server.receive, server.send)
    assert [(refused.reason, refused.status) for refused in gateway.refused] == [(Reason.BODY_INCOMPLETE, 408)]
    assert server.sent[0]["status"] == 408


async def test_a_body_that_keeps_coming_has_one_budget_and_not_one_for_each_piece():
    class Drip(Server):
        async def receive(self):
            await asyncio.sleep(0.01)
            return {"type": "http.request", "body": b"", "more_body": True}

    gateway, server = Gateway(), Drip()
    async with asyncio.timeout(30):
        await AsgiApp(gateway, body_seconds=0.05)(scope(), server.receive, server.send)
    assert server.sent[0]["status"] == 408


async def test_a_body_shorter_than_declared():
    gateway = Gateway()
    server = Server({"type": "http.request", "body": b"ab"})
    await AsgiApp(gateway)(scope(), server.receive, server.send)
    assert [refused.reason for refused in gateway.refused] == [Reason.BODY_INCOMPLETE]


async def test_a_caller_who_leaves_later_stops_the_work():
    class Slow(Gateway):
        async def __call__(self, request, read_body):
            await read_body(10)
            await asyncio.sleep(10)

    server = Server({"type": "http.request", "body": b"abcd"}, {"type": "http.disconnect"})
    with pytest.raises(asyncio.CancelledError):
        await AsgiApp(Slow())(scope(), server.receive, server.send)
    assert not server.sent


async def test_a_server_without_raw_paths_is_no_server_for_us():
    gateway = Gateway()
    server = Server()
    await AsgiApp(gateway)(scope(raw_path=None), server.receive, server.send)
    assert not gateway.seen
    assert server.sent[0]["status"] == 400


async def test_lifespan_and_websockets():
    app = AsgiApp(Gateway())
    server = Server({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
    await app({"type": "lifespan"}, server.receive, server.send)
    assert [message["type"] for message in server.sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    await app({"type": "websocket"}, server.receive, server.send)
    assert server.sent[-1] == {"type": "websocket.close"}
