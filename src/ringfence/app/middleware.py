"""`app = Ringfence(app, policy="ringfence.yaml")`: the gateway around an ASGI application, in its own process.  ASGI 3.0.

The same chain as in a worker; a call that passes is made to the application instead of an upstream. It shares the state
of the installation that the policy names: `ringfence up` beside it is the authorization server, keeps the keys, takes
the events. What is started is started in the lifespan; before that, and on a server without it, every call is a 503.
"""

import asyncio
from collections.abc import MutableMapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import structlog

from ringfence.app.gateway_ports import OpenGateway, open_gateway
from ringfence.clock import Seconds
from ringfence.gateway.asgi import AsgiApp
from ringfence.gateway.asgi_peers import PeerOf, connection_peer, tls_peer
from ringfence.gateway.ports import BodyReader, Handler
from ringfence.gateway.request_body import BODY_SECONDS
from ringfence.gateway.verdict import refusal
from ringfence.gateway.wrapped import Application, Receive, Send, WrappedApp
from ringfence.message import Request, Response
from ringfence.policy.mistakes import PolicyMistakes
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Unavailable

__all__ = ["Ringfence", "connection_peer", "tls_peer"]

_log = structlog.get_logger("ringfence.gateway")

NAME: Final = "asgi"
"""Names the journals of its events."""

STARTUP: Final = "lifespan.startup"
SHUTDOWN: Final = "lifespan.shutdown"


class _Closed:
    """The gateway that is not open: every call is refused."""

    async def __call__(self, request: Request, read_body: BodyReader) -> Response:
        """Refuse."""
        del read_body
        return self.turned_away(request, Refused(Reason.UNAVAILABLE, headers=(("retry-after", "1"),)))

    def turned_away(self, request: Request, refused: Refused) -> Response:
        """Refuse."""
        return refusal(refused, request.correlation)


class Ringfence:
    """An ASGI application that lets through to another one what the policy allows."""

    def __init__(
        self,
        app: Application,
        policy: str | Path,
        *,
        peer_of: PeerOf = connection_peer,
        scheme: str = "",
        body_seconds: Seconds = BODY_SECONDS,
    ) -> None:
        """Prepare; nothing is opened before the lifespan begins.

        Args:
            app: the API.
            policy: the policy file of the installation.
            peer_of: who is at the other end of a connection: `connection_peer`, `tls_peer`, or your own.
            scheme: `https` where TLS ends in front of the server and the server does not say so.
            body_seconds: how long a body may take to arrive once it is asked for; then the call is refused with 408.
        """
        self._policy = Path(policy)
        self._peer_of = peer_of
        self._scheme = scheme
        self._body_seconds = body_seconds
        self._app = app
        self._wrapped = WrappedApp(app)
        self._opened: OpenGateway | None = None
        self._way_in = self._way(_Closed())

    def _way(self, handler: Handler, max_header_bytes: int = 32_768) -> AsgiApp:
        return AsgiApp(
            handler,
            max_header_bytes=max_header_bytes,
            peer_of=self._peer_of,
            scheme=self._scheme,
            body_seconds=self._body_seconds,
        )

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one scope; WebSockets are declined."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        else:
            await self._way_in(scope, receive, send)

    def reload(self) -> None:
        """Read the policy again; calls that start from now on are decided by it.

        Raises:
            PolicyMistakes: it cannot be used, and the old one stays in force.
            RuntimeError: the lifespan has not begun.
        """
        if self._opened is None:
            raise RuntimeError("Ringfence is not started: the server has not begun the lifespan")
        again = self._opened.reload()
        self._way_in = self._way(self._opened.gateway, again.policy.gateway.max_header_bytes)

    async def _lifespan(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                opened = await open_gateway(self._policy, NAME, self._wrapped, stack)
            except (PolicyMistakes, Unavailable, OSError) as why:
                _log.error("the gateway cannot be opened: nothing is let through", why=str(why))
                await send({"type": "lifespan.startup.failed", "message": f"ringfence: {why}"})
                return
            stack.push_async_callback(self._wrapped.close)
            inner = _Inner(self._app, scope)
            failed = await inner.begin()
            if failed is not None:
                await send(failed)
                return
            self._wrapped.state = inner.state
            self._opened = opened
            self._way_in = self._way(opened.gateway, opened.loaded.policy.gateway.max_header_bytes)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            self._way_in, self._opened = self._way(_Closed()), None
            last = await inner.end()
        await send(last)


class _Inner:
    """The lifespan of the application inside. One that knows none is let be, as servers do."""

    def __init__(self, app: Application, scope: MutableMapping[str, Any]) -> None:
        self._app = app
        self.state: dict[str, Any] = scope.get("state", {})
        self._scope = {**scope, "state": self.state}
        self._to: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self._from: asyncio.Queue[MutableMapping[str, Any] | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def _run(self) -> None:
        try:
            await self._app(self._scope, self._to.get, self._from.put)
        except Exception as why:  # noqa: BLE001 - an application without a lifespan raises whatever it likes
            _log.info("the wrapped application has no lifespan", why=repr(why))
        await self._from.put(None)

    async def begin(self) -> MutableMapping[str, Any] | None:
        """Start it; return its message if it failed."""
        self._task = asyncio.create_task(self._run(), name="lifespan of the wrapped application")
        await self._to.put({"type": STARTUP})
        told = await self._from.get()
        return told if told is not None and told["type"] == f"{STARTUP}.failed" else None

    async def end(self) -> MutableMapping[str, Any]:
        """Shut it down and return what it says of that."""
        done: MutableMapping[str, Any] = {"type": f"{SHUTDOWN}.complete"}
        assert self._task is not None
        if self._task.done():
            return done
        await self._to.put({"type": SHUTDOWN})
        told = await self._from.get()
        await self._task
        return done if told is None else told
