"""The second way in: the gateway as an ASGI application, to mount it in another, and for tests.  ASGI 3.0.

Here nothing stands in front that could vouch for a peer: who it is, is asked of `asgi_peers`, which by default takes the
address of the connection and knows no client certificate. The server must deliver `raw_path`.
"""

import asyncio
import contextlib
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import structlog

from ringfence.clock import Seconds
from ringfence.gateway.answer import declared_length, has_body, let_go
from ringfence.gateway.asgi_peers import PeerOf, connection_peer
from ringfence.gateway.fields import HOP_BY_HOP
from ringfence.gateway.ports import Handler
from ringfence.gateway.request_body import BODY_SECONDS, LATE
from ringfence.gateway.wire import read_request, unread_request
from ringfence.ids import Random, new_correlation_id, system_random
from ringfence.message import Response
from ringfence.problem import Reason, Refused

_log = structlog.get_logger("ringfence.gateway")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class AsgiApp:
    """Serves HTTP scopes; declines WebSockets."""

    def __init__(
        self,
        handler: Handler,
        *,
        max_header_bytes: int = 32_768,
        random: Random = system_random,
        peer_of: PeerOf = connection_peer,
        scheme: str = "",
        body_seconds: Seconds = BODY_SECONDS,
    ) -> None:
        """Serve by `handler`; `scheme` is what callers use, where that is not what the server saw."""
        self._body_seconds = body_seconds
        self._handler = handler
        self._peer_of = peer_of
        self._scheme = scheme
        self._max_header_bytes = max_header_bytes
        self._random = random

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one scope.  Raises what broke a streamed answer, so that the server breaks the connection."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close"})

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        correlation = new_correlation_id(self._random)
        fields = [(bytes(name), bytes(value)) for name, value in scope["headers"]]
        target: bytes = scope.get("raw_path") or b""
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        peer = connection_peer(scope)
        method: str = scope["method"]
        try:
            peer = self._peer_of(scope)
            arrival = read_request(
                method,
                target,
                fields,
                max_header_bytes=self._max_header_bytes,
                correlation=correlation,
                random=self._random,
                scheme=self._scheme or scope.get("scheme", "https"),
                peer=peer,
            )
        except Refused as refused:
            request = unread_request(method, target, fields, correlation=correlation, random=self._random, peer=peer)
            await _send(method, self._handler.turned_away(request, refused), send)
            return
        body = _Body(receive, arrival.content_length, self._body_seconds)
        if not arrival.has_content:
            body.watch()
        try:
            response = await self._handler(arrival.request, body)
        except Refused as refused:
            response = self._handler.turned_away(arrival.request, refused)
        except Exception as why:  # noqa: BLE001 - whatever went wrong is ours; the caller learns no more than that
            _log.error(
                "call failed", correlation=correlation, exception=traceback.format_exc()
            )  # as text: see `pipeline`
            internal = Refused(Reason.INTERNAL, private=type(why).__name__)
            response = self._handler.turned_away(arrival.request, internal)
        finally:
            await body.stop()
        await _send(method, response, send)


class _Body:
    """Reads the body from ASGI messages; once it is read, the same channel tells when the client leaves."""

    def __init__(self, receive: Receive, declared: int, seconds: Seconds) -> None:
        self._receive = receive
        self._seconds = seconds
        self._declared = declared
        self._watch: asyncio.Task[None] | None = None
        self._caller = asyncio.current_task()

    async def __call__(self, limit: int) -> bytes:
        if self._declared > limit:
            raise Refused(Reason.BODY_TOO_LARGE, f"at most {limit} octets")
        if self._watch is not None:
            return b""
        try:
            async with asyncio.timeout(self._seconds):
                data = await self._whole(limit)
        except TimeoutError:
            raise Refused(Reason.BODY_INCOMPLETE, LATE, status=408) from None
        if 0 <= self._declared != len(data):
            raise Refused(Reason.BODY_INCOMPLETE)
        self.watch()
        return data

    async def _whole(self, limit: int) -> bytes:
        data = bytearray()
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Refused(Reason.BODY_INCOMPLETE)
            data += message.get("body", b"")
            more = message.get("more_body", False)
            if len(data) > limit:
                raise Refused(Reason.BODY_TOO_LARGE, f"at most {limit} octets")
        return bytes(data)

    def watch(self) -> None:
        """Cancel the work when the client leaves."""
        self._watch = asyncio.get_running_loop().create_task(self._until_gone())

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._caller is not None:
            self._caller.cancel()

    async def stop(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch


async def _send(method: str, response: Response, send: Send) -> None:
    body = response.body
    bodied = has_body(method, response.status)
    length = len(body) if isinstance(body, bytes) and bodied else declared_length(response)
    headers = [
        (name.encode("ascii"), value.encode("ascii"))
        for name, value in response.headers
        if name not in HOP_BY_HOP and name != "content-length"
    ]
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if isinstance(body, bytes):
        await send({"type": "http.response.body", "body": body if bodied else b""})
        return
    try:
        if bodied:
            await _pieces(body, send)
    finally:
        await let_go(body)
    await send({"type": "http.response.body", "body": b""})


async def _pieces(body: AsyncIterator[bytes], send: Send) -> None:
    async for piece in body:
        await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
