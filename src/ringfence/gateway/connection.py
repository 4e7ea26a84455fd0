"""One HTTP/1.1 connection from the edge: read a request, have it decided, write the answer.  RFC 9112.

The parser is llhttp. A second request that arrives before the first is answered is not served: the
edge does not pipeline, so it would be a sign of smuggling.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, cast

import httptools
import structlog

from ringfence.clock import Seconds
from ringfence.gateway.answer import LAST_CHUNK, answer_head, chunk, declared_length, has_body, let_go
from ringfence.gateway.ports import Handler
from ringfence.gateway.request_body import BODY_SECONDS, RequestBody
from ringfence.gateway.wire import Arrival, read_request, unread_request
from ringfence.ids import Random, new_correlation_id
from ringfence.message import Request, Response
from ringfence.problem import Reason, Refused

_log = structlog.get_logger("ringfence.gateway")

LINGER_SECONDS: Final = 1.0
"""How long the rest of an unwanted body is taken and thrown away after the answer, so that the answer arrives."""

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class Hall:
    """What all connections of a worker share."""

    __slots__ = ("body_seconds", "connections", "draining", "handler", "max_header_bytes", "random")

    def __init__(
        self, handler: Handler, max_header_bytes: int, random: Random, body_seconds: Seconds = BODY_SECONDS
    ) -> None:
        """Begin without connections."""
        self.body_seconds = body_seconds
        self.handler = handler
        self.max_header_bytes = max_header_bytes
        self.random = random
        self.connections: set[Connection] = set()
        self.draining = False


class _Surplus(Exception):
    """Octets came after the request that is being served."""


class Connection(asyncio.Protocol):
    """The protocol object of one connection; llhttp calls its `on_…` methods."""

    def __init__(self, hall: Hall) -> None:
        """Wait for the transport."""
        self._hall = hall
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._task: asyncio.Task[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._lingering = False
        self._deaf = False
        self.quiet_since = self._loop.time()
        self._parser = httptools.HttpRequestParser(self)
        self._begin()

    def _begin(self) -> None:
        """Be ready for the next request."""
        self._url = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._head_room = self._hall.max_header_bytes
        self._head_done = False
        self._complete = False
        self._keep_alive = False
        self._body: RequestBody | None = None
        self._refused: Refused | None = None

    @property
    def idle(self) -> bool:
        """Whether no request has begun."""
        return self._task is None and not self._url and not self._lingering

    # the transport's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not derive from it
        self._hall.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, then see what came of it."""
        if self._deaf:
            return
        if not self._head_done:
            self._head_room -= len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._deaf = True
        except httptools.HttpParserError as why:
            self._deaf = True
            if not self._head_done:
                self._refused = Refused(Reason.MALFORMED_REQUEST, private=f"llhttp: {why}")
            elif self._body is not None:
                self._body.lose()
        if not self._head_done and self._head_room < 0:
            self._refused = Refused(Reason.HEADERS_TOO_LARGE)
        if self._refused is not None and self._task is None and not self._lingering:
            self._turn_away(self._refused)

    def eof_received(self) -> bool:
        """Stop the work when the edge has gone; a body cut short is answered, in case somebody still listens."""
        if self._task is None or self._complete:
            return False
        self._deaf = True
        if self._body is not None:
            self._body.lose()
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        """Stop the work: nobody waits for the answer."""
        self._hall.connections.discard(self)
        if self._body is not None:
            self._body.lose()
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        """Make a streamed answer wait."""
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        """Let it go on."""
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    def shut(self) -> None:
        """Close a connection on which nothing happens."""
        self._transport.close()

    def abort(self) -> None:
        """Close at once, whatever happens."""
        self._transport.abort()

    # the parser's side

    def on_message_begin(self) -> None:
        """Refuse to be sent a request while another one is served."""
        if self._task is not None or self._complete or self._refused is not None:
            raise _Surplus

    def on_url(self, piece: bytes) -> None:
        """Collect the request target."""
        self._url += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a field. What follows a chunked body (trailers) is not looked at."""
        if not self._head_done:
            self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """Read the head and start the work; the body may still be on its way."""
        self._head_done = True
        method = self._parser.get_method().decode("ascii")
        if self._parser.should_upgrade() or self._parser.get_http_version() != "1.1":
            self._refused = Refused(Reason.MALFORMED_REQUEST, "only plain HTTP/1.1 is spoken here")
            return
        try:
            arrival = read_request(
                method,
                self._url,
                self._fields,
                max_header_bytes=self._hall.max_header_bytes,
                correlation=new_correlation_id(self._hall.random),
                random=self._hall.random,
            )
        except Refused as refused:
            self._refused = refused
            return
        on_wanted = self._invite if arrival.expects_continue and arrival.has_content else None
        self._body = RequestBody(
            self._transport, arrival.content_length, on_wanted=on_wanted, seconds=self._hall.body_seconds
        )
        self._task = self._loop.create_task(self._serve(arrival, self._body))

    def on_body(self, piece: bytes) -> None:
        """Pass a piece of the body on."""
        if self._body is not None:
            self._body.feed(piece)

    def on_message_complete(self) -> None:
        """Close the body."""
        self._complete = True
        self._keep_alive = self._parser.should_keep_alive()
        if self._body is not None:
            self._body.end()
        if self._lingering:
            self._transport.close()

    # the work

    def _invite(self) -> None:
        self._transport.write(_CONTINUE)

    async def _serve(self, arrival: Arrival, body: RequestBody) -> None:
        request = arrival.request
        try:
            response = await self._hall.handler(request, body)
        except Exception as why:  # noqa: BLE001 - whatever went wrong is ours; the caller learns no more than that
            response = self._failed(request, why)
        try:
            if isinstance(response.body, bytes):
                self._write_whole(request, response, response.body)
            else:
                await self._write_stream(request, response, response.body)
        except Exception as why:  # noqa: BLE001 - the answer may have begun: it must break, not pass for whole
            _log.warning("answer broke off", correlation=request.correlation, why=repr(why))
            self._transport.abort()
        self._task = None
        self._next()

    def _turn_away(self, refused: Refused) -> None:
        """Answer what is not a call."""
        random = self._hall.random
        method = self._parser.get_method().decode("ascii") if self._head_done else ""
        request = unread_request(method, self._url, self._fields, correlation=new_correlation_id(random), random=random)
        try:
            response = self._hall.handler.turned_away(request, refused)
        except Exception as why:  # noqa: BLE001 - the same
            response = self._failed(request, why)
        assert isinstance(response.body, bytes)
        self._write_whole(request, response, response.body)
        self._next()

    def _failed(self, request: Request, why: Exception) -> Response:
        """Return the answer to a call on which the handler broke."""
        if isinstance(why, Refused):
            refused = why
        else:
            _log.error("call failed", correlation=request.correlation, exc_info=why)
            refused = Refused(Reason.INTERNAL, private=type(why).__name__)
        try:
            return self._hall.handler.turned_away(request, refused)
        except Exception:  # noqa: BLE001 - the same
            _log.exception("refusal failed", correlation=request.correlation)
            return Response(refused.status, ())

    @property
    def _reusable(self) -> bool:
        """Whether another request may follow on this connection."""
        return self._keep_alive and self._complete and not self._deaf and not self._hall.draining

    def _write_whole(self, request: Request, response: Response, body: bytes) -> None:
        try:
            head = answer_head(response, request.method, len(body), keep_alive=self._reusable)
        except ValueError as why:
            _log.error("answer cannot be written", correlation=request.correlation, why=str(why))
            body = b""
            head = answer_head(Response(500, ()), request.method, 0, keep_alive=self._reusable)
        self._transport.write(head + body if has_body(request.method, response.status) else head)

    async def _write_stream(self, request: Request, response: Response, body: AsyncIterator[bytes]) -> None:
        """Write a streamed answer.  Raises whatever broke it."""
        length = declared_length(response)
        try:
            self._transport.write(answer_head(response, request.method, length, keep_alive=self._reusable))
            if has_body(request.method, response.status):
                await self._write_pieces(body, length)
        finally:
            await let_go(body)

    async def _write_pieces(self, body: AsyncIterator[bytes], length: int | None) -> None:
        sent = 0
        async for piece in body:
            sent += len(piece)
            if length is not None and sent > length:
                raise ValueError("more octets than declared")
            if piece:
                self._transport.write(chunk(piece) if length is None else piece)
            if self._drained is not None:
                await self._drained
        if length is None:
            self._transport.write(LAST_CHUNK)
        elif sent != length:
            raise ValueError("fewer octets than declared")

    def _next(self) -> None:
        """Wait for another request, or end the connection."""
        if self._transport.is_closing():
            return
        if self._reusable:
            self.quiet_since = self._loop.time()
            self._begin()
        elif self._complete or self._deaf:
            self._deaf = True
            self._transport.close()
        else:
            self._lingering = True
            if self._body is not None:
                self._body.discard()
            self._loop.call_later(LINGER_SECONDS, self._transport.close)
