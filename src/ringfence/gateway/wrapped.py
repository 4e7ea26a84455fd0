"""The way to an API that is an ASGI application in this process: it is called instead of an upstream.  ASGI 3.0.

What it answers is judged as an upstream's answer is: its fields re-validated, its body bounded and held back while the
caller does not read. `upstream` in the policy says the rest: the path of its `url` stands before the operation's, its
host is the one that the application sees, and its times and bounds hold; those of connections mean nothing here.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from ringfence.gateway.ports import NotSent
from ringfence.gateway.upstream_body import BodyStream, Pipe
from ringfence.gateway.upstream_headers import Framing, ResponseHead, response_head, with_length
from ringfence.message import Headers, Response
from ringfence.policy.model import Upstream
from ringfence.problem import Reason, Refused

_log = logging.getLogger("ringfence.wrapped")
"""The standard library's: what the application fails with belongs into its own log, as a server would have put it."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

VERSION: Final = {"version": "3.0", "spec_version": "2.4"}


class WrappedApp:
    """The gateway's port `Sender` over an ASGI application."""

    def __init__(self, app: Application) -> None:
        """Call `app` for every call that passed."""
        self._app = app
        self._running: set[asyncio.Task[None]] = set()
        self.state: dict[str, Any] = {}
        """What the application put into its lifespan's state: each call gets a copy."""

    async def send(
        self, name: str, upstream: Upstream, method: str, target: str, headers: Headers, body: bytes
    ) -> Response:
        """Call the application and return its answer, its headers re-validated and its body whole or streamed.

        Raises:
            Refused: UPSTREAM_FAILED where the application raised, UPSTREAM_TIMEOUT, UPSTREAM_INVALID; UPSTREAM_BUSY
                where it works on `max_connections` calls already.
        """
        if len(self._running) >= upstream.max_connections:
            private = f"{name}: too many calls are being worked on"
            raise NotSent(Reason.UPSTREAM_BUSY, private=private, headers=(("retry-after", "1"),))
        exchange = _Exchange(method, upstream, body)
        scope = {**_scope(upstream, method, target, headers, len(body)), "state": dict(self.state)}
        task = asyncio.create_task(self._work(scope, exchange), name=f"{method} by the wrapped application")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            async with asyncio.timeout(upstream.timeout_seconds):
                return await exchange.answer
        except TimeoutError:
            exchange.abort()
            raise Refused(Reason.UPSTREAM_TIMEOUT, private="the application did not answer in time") from None
        except asyncio.CancelledError:
            exchange.abort()
            raise

    async def _work(self, scope: Message, exchange: "_Exchange") -> None:
        """Run the application for one call, what it does after its answer included."""
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            exchange.end(Refused(Reason.UPSTREAM_FAILED, private="the application was ended"))
            raise
        except Exception as why:  # noqa: BLE001 - it is the application's failure, whatever it is
            if not exchange.gone:
                _log.error("the wrapped application failed", exc_info=why)
            exchange.end(Refused(Reason.UPSTREAM_FAILED, private=f"the application raised {type(why).__name__}"))
        else:
            exchange.end(_invalid("no whole answer"))

    async def close(self) -> None:
        """Cancel what still runs."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


def _scope(upstream: Upstream, method: str, target: str, headers: Headers, length: int) -> Message:
    parts = urlsplit(upstream.url)
    raw, _, query = (parts.path.rstrip("/") + target).partition("?")
    fields = [("host", parts.netloc), *headers]
    if length:
        fields.append(("content-length", str(length)))
    return {
        "type": "http",
        "asgi": dict(VERSION),
        "http_version": "1.1",
        "method": method,
        "scheme": parts.scheme,
        "path": unquote(raw),
        "raw_path": raw.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": [(name.encode("ascii"), value.encode("ascii")) for name, value in fields],
        "client": None,
        "server": None,
        "extensions": {},
    }


class _Exchange:
    """One call and its answer, between the application and the gateway."""

    def __init__(self, method: str, upstream: Upstream, body: bytes) -> None:
        self._loop = asyncio.get_running_loop()
        self._method = method
        self._upstream = upstream
        self._body: bytes | None = body
        self._head: ResponseHead | None = None
        self._pipe: Pipe | None = None
        self._size = 0
        self._complete = False
        self._over = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._patience: asyncio.TimerHandle | None = None
        self.gone = False
        """Nobody waits for the answer any more."""
        self.answer: asyncio.Future[Response] = self._loop.create_future()

    # the application's side

    async def receive(self) -> Message:
        """Give the body, and then tell when the exchange is over."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a part of the answer.  Raises OSError where nobody waits for it, RuntimeError out of turn."""
        if self.gone:
            raise OSError("nobody waits for the answer")
        kind = message["type"]
        if kind == "http.response.start" and self._head is None:
            self._begin(message)
        elif kind == "http.response.body" and self._head is not None and not self._complete:
            await self._room.wait()
            if self.gone:
                raise OSError("nobody waits for the answer")
            self._piece(self._head, bytes(message.get("body", b"")), more=bool(message.get("more_body", False)))
        else:
            raise RuntimeError(f"{kind} is out of turn")

    def _begin(self, message: Message) -> None:
        fields = [(bytes(name), bytes(value)) for name, value in message.get("headers", ())]
        try:
            self._head = response_head(int(message["status"]), "1.1", fields, method=self._method)
        except Refused as refused:
            self.end(refused)

    def _piece(self, head: ResponseHead, piece: bytes, *, more: bool) -> None:
        if head.framing is Framing.NONE:
            piece = b""
        self._size += len(piece)
        limit = self._upstream.max_response_bytes
        declared = head.length if head.framing is Framing.LENGTH else -1
        if limit and self._size > limit:
            self.end(_invalid("more than max_response_bytes"))
        elif declared >= 0 and (self._size > declared or (not more and self._size < declared)):
            self.end(_invalid("another length than it declared"))
        elif self._pipe is None and not more:
            self._finish()
            self._give(Response(head.status, with_length(head, Framing.NONE), piece))
        elif self._pipe is None:
            self._pipe = Pipe(self, [piece] if piece else [])
            self._give(Response(head.status, with_length(head, Framing.LENGTH), BodyStream(self._pipe)))
            self._wait_for_more()
        else:
            if piece:
                self._pipe.put(piece)
            if more:
                self._wait_for_more()
            else:
                self._finish()
                self._pipe.end()

    def _give(self, response: Response) -> None:
        if not self.answer.done():
            self.answer.set_result(response)

    def _finish(self) -> None:
        self._complete = True
        self._calm()
        self._over.set()

    def end(self, why: Refused) -> None:
        """Nothing more comes; what has not been answered wholly is refused."""
        if self._complete or self.gone:
            return
        self.abort()
        if self._pipe is not None:
            self._pipe.end(why)
        elif not self.answer.done():
            self.answer.set_exception(why)

    # the gateway's side

    def hold(self) -> None:
        """Let the application wait with its next piece."""
        self._calm()
        self._room.clear()

    def go_on(self) -> None:
        """Take pieces again."""
        self._room.set()
        self._wait_for_more()

    def abort(self) -> None:
        """Nobody wants the rest: the application is told."""
        self.gone = True
        self._calm()
        self._over.set()
        self._room.set()

    def _wait_for_more(self) -> None:
        self._calm()
        if self._room.is_set():
            why = Refused(Reason.UPSTREAM_TIMEOUT, private="the application was silent too long")
            self._patience = self._loop.call_later(self._upstream.idle_timeout_seconds, self.end, why)

    def _calm(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def _invalid(what: str) -> Refused:
    return Refused(Reason.UPSTREAM_INVALID, private=f"the application gave {what}")
