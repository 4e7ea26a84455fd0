"""Every way in leads into the same chain: the same calls get the same answers, and reach the same API."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server as Granian
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ringfence.app.gateway_ports import open_gateway
from ringfence.app.middleware import Ringfence
from ringfence.app.ready import answers
from ringfence.clock import system_clock
from ringfence.gateway.ext_authz import ExtAuthz
from ringfence.gateway.pipeline import Gateway
from ringfence.gateway.request_body import LATE
from ringfence.gateway.server import serve
from ringfence.gateway.wrapped import WrappedApp
from ringfence.policy.load import load
from tests.asgi_server import PATIENCE, Server
from tests.installed_api import ISSUER, call_headers, install, publish
from tests.unit.gateway.caller import Caller

CALLER, STRANGER = Caller(), Caller()
EDGE = {"x-ringfence-peer": "192.0.2.7", "x-ringfence-listener": "public"}
HOST = ISSUER.removeprefix("https://")
JSON = {"content-type": "application/json"}


class Api:
    """Tells what reached it."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, bytes]] = []
        self.app = Starlette(routes=[Route("/api/things", self.things, methods=["GET", "POST"])])

    async def things(self, request: Request) -> JSONResponse:
        self.seen.append((request.method, request.scope["raw_path"].decode(), await request.body()))
        return JSONResponse({"client": request.headers["x-ringfence-client"]}, headers={"server": "tea/1"})


@asynccontextmanager
async def _served(decides: Gateway | ExtAuthz, socket: Path, **more: Any) -> AsyncIterator[httpx.AsyncClient]:
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(decides, socket, stop, 1, **more))
    async with asyncio.timeout(PATIENCE):
        while not answers(socket):
            await asyncio.sleep(0.01)
    async with httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(uds=str(socket)), base_url=ISSUER.replace("https", "http"), headers=EDGE
    ) as http:
        yield http
    stop.set()
    await serving


@asynccontextmanager
async def over_a_socket(policy: Path, api: Api, **more: Any) -> AsyncIterator[tuple[httpx.AsyncClient, Path | None]]:
    """As the edge calls a worker."""
    async with AsyncExitStack() as stack:
        opened = await open_gateway(policy, "gateway-0", WrappedApp(api.app), stack)
        async with _served(opened.gateway, opened.loaded.places.gateway_socket(0), **more) as http:
            yield http, opened.loaded.places.gateway_socket(0)


@asynccontextmanager
async def around_an_application(
    policy: Path, api: Api, **more: Any
) -> AsyncIterator[tuple[httpx.AsyncClient, Path | None]]:
    """As middleware, called by hand."""
    server = Server(Ringfence(api.app, policy=policy, **more))
    assert (await server.start())["type"] == "lifespan.startup.complete"
    async with server.http(ISSUER) as http:
        yield http, None
    await server.stop()


@asynccontextmanager
async def under_a_real_server(
    policy: Path, api: Api, **more: Any
) -> AsyncIterator[tuple[httpx.AsyncClient, Path | None]]:
    """As middleware, under Granian."""
    socket = load(policy).places.state / "granian.sock"
    app = Ringfence(api.app, policy=policy, scheme="https", **more)
    server = Granian(app, uds=socket, interface=Interfaces.ASGI, websockets=False, log_enabled=False)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(PATIENCE):
        while not answers(socket):
            await asyncio.sleep(0.01)
    async with httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(uds=str(socket)), base_url=ISSUER.replace("https", "http")
    ) as http:
        yield http, socket
    server.stop()
    await serving


def for_ext_authz(policy: Path) -> None:
    """Let a policy ask nothing of answers, and have workers listen for Envoy's questions."""
    passing = "responses: {undeclared_status: pass, undeclared_member: pass, wrong_type: pass}"
    text = policy.read_text().replace("        defaults:", f"        {passing}\n        defaults:")
    policy.write_text(text.replace("on_outage:", "gateway: {ext_authz: on}\non_outage:"))


@asynccontextmanager
async def asked_by_an_envoy(
    policy: Path, api: Api, **more: Any
) -> AsyncIterator[tuple[httpx.AsyncClient, Path | None]]:
    """As `ext_authz`: the same questions, and no call of the API (`tests/flow/gateway/test_ext_authz.py` has the Envoy)."""
    for_ext_authz(policy)
    async with AsyncExitStack() as stack:
        opened = await open_gateway(policy, "gateway-0", WrappedApp(api.app), stack)
        assert opened.authz is not None
        async with _served(opened.authz, opened.loaded.places.authz_socket(0), **more) as http:
            yield http, opened.loaded.places.authz_socket(0)


def proven(method: str = "GET", path: str = "/things", who: Caller = CALLER, **claims: object) -> dict[str, str]:
    return call_headers(who, system_clock(), method, path, **claims)


CALLS: list[tuple[str, str, Callable[[], dict[str, str]] | None, bytes, str]] = [
    ("GET", "/things", None, b"", "200"),
    ("GET", "/things", None, b"", "proof-replayed"),
    ("GET", "/things", dict, b"", "token-missing"),
    ("GET", "/things", lambda: proven(who=STRANGER), b"", "token-signature"),
    ("GET", "/things", lambda: proven(scope="other"), b"", "scope-missing"),
    ("GET", "/things", lambda: proven("POST"), b"", "proof-method"),
    ("GET", "/things", lambda: proven(path="/other"), b"", "proof-url"),
    ("GET", "/things?a=1", proven, b"", "parameter-unknown"),
    ("GET", "/things", lambda: proven() | {"host": "elsewhere.example"}, b"", "unknown-host"),
    ("GET", "/other", lambda: proven(path="/other"), b"", "unknown-path"),
    ("GET", "/api/things", lambda: proven(path="/api/things"), b"", "unknown-path"),
    ("GET", "/a/..%2fthings", lambda: proven(path="/things"), b"", "unsafe-path"),
    ("DELETE", "/things", lambda: proven("DELETE"), b"", "method-not-allowed"),
    ("POST", "/things", lambda: proven("POST") | JSON, b'{"name":"a"}', "200"),
    ("POST", "/things", lambda: proven("POST") | JSON, b'{"name":"a","name":"b"}', "json-duplicate-key"),
    ("POST", "/things", lambda: proven("POST") | JSON, b'{"name":"a","isAdmin":true}', "body-invalid"),
    ("POST", "/things", lambda: proven("POST") | {"content-type": "text/xml"}, b"<a/>", "media-type"),
    ("POST", "/things", lambda: proven("POST") | JSON | {"content-encoding": "gzip"}, b"\x1f", "encoded-body"),
    ("POST", "/things", lambda: proven("POST") | JSON, b" " * 300_000, "body-too-large"),
    ("POST", "/things", lambda: proven("POST") | JSON, b"", "body-missing"),
]


WAYS = [over_a_socket, around_an_application, under_a_real_server, asked_by_an_envoy]


@pytest.mark.parametrize("way", WAYS)
async def test_the_same_calls_get_the_same_answers(tmp_path: Path, way: Any) -> None:
    policy, api = install(tmp_path), Api()
    publish(policy, CALLER)
    used = proven()
    async with way(policy, api) as (http, _):
        for method, target, headers, body, wanted in CALLS:
            answer = await http.request(method, target, headers=headers() if headers else used, content=body)
            told = answer.json() if answer.status_code != 200 else {"type": "200"}
            reason = told["type"].removeprefix("urn:ringfence:problem:")
            assert reason == wanted, (method, target, told)
            assert "tea" not in answer.headers.get("server", "")
            assert answer.headers["x-correlation-id"]
    made = [("GET", "/api/things", b""), ("POST", "/api/things", b'{"name":"a"}')]
    assert api.seen == ([] if way is asked_by_an_envoy else made)


SOON = 0.3
"""The time that a body has: this test sends none that comes in time."""


async def half_a_body(http: httpx.AsyncClient, socket: Path | None) -> tuple[int, dict[str, Any]]:
    """Send the first half of a body, never the second, and return what is answered."""
    headers = proven("POST") | JSON | {"content-length": "12"}
    if socket is None:

        async def halves() -> AsyncIterator[bytes]:
            yield b'{"na'
            await asyncio.Event().wait()

        answer = await http.post("/things", headers=headers, content=halves())
        return answer.status_code, answer.json()
    reader, writer = await asyncio.open_unix_connection(socket)
    fields = "".join(f"{name}: {value}\r\n" for name, value in ({"host": HOST} | EDGE | headers).items())
    writer.write(f"POST /things HTTP/1.1\r\n{fields}\r\n".encode() + b'{"na')
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    body = await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r\n")[0]))
    writer.close()
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize("way", WAYS)
async def test_a_body_that_does_not_come_is_given_up_and_holds_no_place(tmp_path: Path, way: Any) -> None:
    """One call at once may be under way: when the slow one's time is over, another is let in."""
    policy, api = install(tmp_path), Api()
    forwards = way is not asked_by_an_envoy  # which never learns how a call ends, so its policy has no such limit
    if forwards:
        text = policy.read_text().replace("{scopes: [things]}", "{scopes: [things], limits: [one]}")
        policy.write_text(text.replace("apis:", "limits: {one: {per: client, in_flight: {calls: 1}}}\napis:"))
    publish(policy, CALLER)
    async with way(policy, api, body_seconds=SOON) as (http, socket), asyncio.timeout(PATIENCE):
        status, told = await half_a_body(http, socket)
        assert (status, told["type"], told["detail"]) == (408, "urn:ringfence:problem:body-incomplete", LATE)
        assert (await http.get("/things", headers=proven())).status_code == 200
    assert api.seen == ([("GET", "/api/things", b"")] if forwards else [])
