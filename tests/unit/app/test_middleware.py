"""The middleware over a real state and real tokens; the application inside is Starlette's."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ringfence.app.middleware import Ringfence
from ringfence.clock import system_clock
from ringfence.message import Peer
from ringfence.policy.load import load
from ringfence.policy.mistakes import PolicyMistakes
from ringfence.store.embedded.sqlite_events import SqliteEvents
from tests.asgi_server import Server
from tests.installed_api import ISSUER, call_headers, install, publish
from tests.unit.gateway.caller import Caller

CALLER = Caller()


class Api:
    """The application inside."""

    def __init__(self) -> None:
        self.calls: list[dict[str, str]] = []
        self.told: list[str] = []
        routes = [Route("/api/things", self.things, methods=["GET", "POST"])]
        self.app = Starlette(routes=routes, lifespan=self.lifespan)

    @asynccontextmanager
    async def lifespan(self, _: Any) -> AsyncIterator[dict[str, str]]:
        self.told.append("started")
        yield {"pool": "mine"}
        self.told.append("ended")

    async def things(self, request: Request) -> JSONResponse:
        self.calls.append(dict(request.headers))
        return JSONResponse({"pool": request.state.pool, "client": request.headers["x-ringfence-client"]})


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    installed = install(tmp_path)
    publish(installed, CALLER)
    return installed


def headers(method: str = "GET", path: str = "/things", **claims: object) -> dict[str, str]:
    return call_headers(CALLER, system_clock(), method, path, **claims)


@asynccontextmanager
async def running(policy: Path, **more: Any) -> AsyncIterator[tuple[Server, Api, httpx.AsyncClient]]:
    api = Api()
    server = Server(Ringfence(api.app, policy=policy, **more))
    assert await server.start() == {"type": "lifespan.startup.complete"}
    async with server.http(ISSUER) as http:
        yield server, api, http
    assert (await server.stop())["type"] == "lifespan.shutdown.complete"


def reason(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).removeprefix("urn:ringfence:problem:")


async def test_what_passes_reaches_the_application_and_nothing_else_does(policy: Path) -> None:
    async with running(policy) as (_, api, http):
        good = headers()
        answer = await http.get(
            "/things", headers={**good, "x-ringfence-client": "someone", "x-forwarded-for": "1.1.1.1"}
        )
        assert answer.json() == {"pool": "mine", "client": "client_a"}
        assert "authorization" not in api.calls[0]
        assert "x-forwarded-for" not in api.calls[0]
        assert api.calls[0]["traceparent"].startswith("00-")
        assert reason(await http.get("/things", headers=good)) == "proof-replayed"
        assert reason(await http.get("/things")) == "token-missing"
        assert reason(await http.get("/api/things", headers=headers(path="/api/things"))) == "unknown-path"
        assert reason(await http.get("/things?a=1", headers=headers())) == "parameter-unknown"
        assert reason(await http.post("/things", headers=headers("POST"), json={"name": "x" * 11})) == "body-invalid"
        assert reason(await http.get("/things", headers=headers(scope="other"))) == "scope-missing"
        assert (await http.post("/things", headers=headers("POST"), json={"name": "x"})).status_code == 200
        assert len(api.calls) == 2
    assert api.told == ["started", "ended"]
    stream = SqliteEvents(load(policy).places.events)
    events = [json.loads(row.data) for row in await stream.read(0, 100)]
    decided = [event for event in events if "allowed" in event]
    assert [event["allowed"] for event in decided].count(True) == 2
    assert {event["network"] for event in decided} == {"192.0.2.7"}
    await stream.close()


async def test_a_proof_passes_once_however_many_bring_it_and_after_a_restart(policy: Path) -> None:
    good = [headers() for _ in range(10)]
    async with running(policy) as (_, api, http):
        answers = await asyncio.gather(*(http.get("/things", headers=one) for one in good for _ in range(3)))
        assert len(api.calls) == 10
    async with running(policy) as (_, api, http):
        answers += [await http.get("/things", headers=one) for one in good]
        assert api.calls == []
    assert [answer.status_code for answer in answers].count(200) == 10
    assert {reason(answer) for answer in answers if answer.status_code != 200} == {"proof-replayed"}


async def test_one_process_opens_a_policy_once(policy: Path) -> None:
    async with running(policy):
        told = await Server(Ringfence(Api().app, policy=policy)).start()
        assert (told["type"], "already open" in told["message"]) == ("lifespan.startup.failed", True)


async def test_before_the_lifespan_and_after_it_every_call_is_refused(policy: Path) -> None:
    api = Api()
    server = Server(Ringfence(api.app, policy=policy))
    async with server.http(ISSUER) as http:
        early = await http.get("/things", headers=headers())
        await server.start()
        assert (await http.get("/things", headers=headers())).status_code == 200
        await server.stop()
        late = await http.get("/things", headers=headers())
    for answer in (early, late):
        assert (answer.status_code, reason(answer), answer.headers["retry-after"]) == (503, "unavailable", "1")
    assert len(api.calls) == 1


def without_a_policy(policy: Path) -> None:
    policy.unlink()


def without_state(policy: Path) -> None:
    shutil.rmtree(load(policy).places.state)


def with_a_mistake(policy: Path) -> None:
    policy.write_text(policy.read_text().replace("defaults: {scopes:", "defaults: {scope:"))


def with_another_scope(policy: Path) -> None:
    text = policy.read_text().replace("scopes: [things]", "scopes: [other]")
    policy.write_text(text.replace("{things:", "{other: Others, things:"))


@pytest.mark.parametrize("spoil", [without_a_policy, without_state, with_a_mistake])
async def test_what_cannot_be_opened_does_not_start(policy: Path, spoil: Callable[[Path], None]) -> None:
    spoil(policy)
    api = Api()
    server = Server(Ringfence(api.app, policy=policy))
    told = await server.start()
    assert told["type"] == "lifespan.startup.failed"
    assert told["message"].startswith("ringfence: ")
    assert api.told == []
    async with server.http(ISSUER) as http:
        assert (await http.get("/things", headers=headers())).status_code == 503


async def test_an_application_that_does_not_start_keeps_the_server_from_starting(policy: Path) -> None:
    @asynccontextmanager
    async def failing(_: Any) -> AsyncIterator[None]:
        raise RuntimeError("no database")
        yield

    server = Server(Ringfence(Starlette(lifespan=failing), policy=policy))
    assert (await server.start())["type"] == "lifespan.startup.failed"


async def test_an_application_without_a_lifespan_is_served(policy: Path) -> None:
    async def plain(scope: Any, _: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b"{}"})

    server = Server(Ringfence(plain, policy=policy))
    assert await server.start() == {"type": "lifespan.startup.complete"}
    async with server.http(ISSUER) as http:
        assert (await http.get("/things", headers=headers())).json() == {}
    assert await server.stop() == {"type": "lifespan.shutdown.complete"}


async def test_a_key_that_is_withdrawn_is_gone_with_the_next_call(policy: Path) -> None:
    async with running(policy) as (_, _, http):
        assert (await http.get("/things", headers=headers())).status_code == 200
        load(policy).places.jwks.write_text('{"keys": []}')
        assert (await http.get("/things", headers=headers(jti="another"))).status_code == 401


async def test_the_policy_is_read_again_when_it_is_said(policy: Path) -> None:
    api = Api()
    server = Server(app := Ringfence(api.app, policy=policy))
    with pytest.raises(RuntimeError):
        app.reload()
    await server.start()
    with_another_scope(policy)
    app.reload()
    async with server.http(ISSUER) as http:
        assert reason(await http.get("/things", headers=headers())) == "scope-missing"
        with_a_mistake(policy)
        with pytest.raises(PolicyMistakes):
            app.reload()
        assert reason(await http.get("/things", headers=headers())) == "scope-missing"
    await server.stop()


async def test_a_token_of_a_certificate_needs_the_one_that_the_server_saw(policy: Path) -> None:
    bound = {"cnf": {"x5t#S256": "c" * 43}}
    access = headers(**bound)["authorization"].removeprefix("DPoP ")
    asked = {"authorization": f"Bearer {access}", "x-forwarded-client-cert": "Hash=" + "0" * 64}
    async with running(policy) as (_, _, http):
        assert reason(await http.get("/things", headers=asked)) == "certificate-missing"
    async with running(policy, peer_of=lambda _: Peer("192.0.2.7", "c" * 43)) as (_, _, http):
        assert (await http.get("/things", headers=asked)).status_code == 200


async def test_websockets_are_declined(policy: Path) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async with running(policy) as (server, api, _):
        await server.app({"type": "websocket", "path": "/api/things", "headers": []}, None, send)
        assert sent == [{"type": "websocket.close"}]
        assert api.calls == []


async def test_tls_may_end_before_the_server(policy: Path) -> None:
    async with running(policy, scheme="https") as (server, _, _):
        transport = httpx.ASGITransport(server.app)
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER.replace("https", "http")) as http:
            assert (await http.get("/things", headers=headers())).status_code == 200
    async with running(policy) as (server, _, _):
        transport = httpx.ASGITransport(server.app)
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER.replace("https", "http")) as http:
            assert reason(await http.get("/things", headers=headers())) == "proof-url"
