"""One connection to an upstream, one exchange at a time.  RFC 9112 §9; RFC 9110 §15.2.

llhttp parses; this decides what a response may be. Whatever is odd ends the connection, so that
nothing of it can be taken for the answer to the next call.
"""

import asyncio
import select
from collections.abc import Callable
from typing import Final, cast

import httptools

from ringfence.gateway.upstream_body import BodyStream, Pipe
from ringfence.gateway.upstream_headers import Framing, ResponseHead, response_head, with_length
from ringfence.message import Response
from ringfence.policy.model import Upstream
from ringfence.problem import Reason, Refused

WHOLE: Final = 65_536
"""Octets of declared length up to which a body is collected before it is passed on."""

MOST_INTERIM: Final = 16
"""Interim responses before the final one; more are taken for an endless stream of them."""

_INTERIM_BELOW, _SWITCHING = 200, 101
_READABLE: Final = select.POLLIN | select.POLLHUP | select.POLLERR


class _Stop(Exception):
    """Ends parsing; what happened is noted on the connection."""


class UpstreamConnection(asyncio.Protocol):
    """The protocol object; llhttp calls its `on_…` methods.

    Args:
        ended: called once per exchange when the connection may be used again.
        gone: called once when the connection is lost.
    """

    def __init__(
        self, ended: Callable[["UpstreamConnection"], None], gone: Callable[["UpstreamConnection"], None]
    ) -> None:
        """Wait for the transport."""
        self._ended = ended
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._readable = select.poll()
        self._parser = httptools.HttpResponseParser(self)
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._held = False
        self._lost = False
        self._busy = False
        self._answer: asyncio.Future[Response] | None = None
        self.answered = False
        """Whether anything of a response arrived in the present exchange."""
        self.broke_unanswered = False
        """Whether the upstream ended the connection where a response was due."""
        self.expires = 0.0
        """Loop time after which an unused connection is closed; kept by the pool."""

    # what the pool calls

    @property
    def lost(self) -> bool:
        """Whether the connection is gone."""
        return self._lost

    @property
    def alive(self) -> bool:
        """Whether the connection is open and silent: an end or stray octets, seen or unseen by the loop, make it useless."""
        return not self._lost and not self._transport.is_closing() and not self._readable.poll(0)

    def exchange(self, method: str, head: bytes, body: bytes, upstream: Upstream) -> asyncio.Future[Response]:
        """Send a request; the future gives the response, or Refused. Given up, it goes to `give_up`."""
        self._method = method
        self._upstream = upstream
        self._fields: list[tuple[bytes, bytes]] = []
        self._head: ResponseHead | None = None
        self._body_bytes = 0
        self._unread = 0
        self._interim = 0
        self._in_interim = False
        self._pieces: list[bytes] = []
        self._received = 0
        self._pipe: Pipe | None = None
        self._complete = False
        self._surplus = False
        self._refused: Refused | None = None
        self.answered = False
        self._busy = True
        self.broke_unanswered = False
        self._answer = answer = self._loop.create_future()
        if self._lost:
            self._fail(Refused(Reason.UPSTREAM_UNREACHABLE, private="upstream closed at once"))
            return answer
        self._patience(upstream.timeout_seconds)
        if len(body) > WHOLE:
            self._transport.write(head)
            self._transport.write(body)
        else:
            self._transport.write(head + body)
        return answer

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def give_up(self, answer: asyncio.Future[Response]) -> None:
        """End the exchange of which nobody wants the answer; if it is over, the connection has another one."""
        if self._answer is answer:
            self._transport.abort()

    # the body's side

    def hold(self) -> None:
        """Stop reading: the caller is slower than the upstream."""
        if not self._lost and not self._complete:
            self._held = True
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Read again."""
        if self._held and not self._lost:
            self._held = False
            self._deadline = self._loop.time() + self._upstream.idle_timeout_seconds
            self._transport.resume_reading()

    # the transport's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not derive from it
        self._readable.register(transport.get_extra_info("socket").fileno(), _READABLE)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, then see what came of it."""
        if not self._busy:
            self._transport.abort()
            return
        self.answered = True
        self._unread += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refused = _invalid("an upgrade")
        except httptools.HttpParserError as why:
            if self._complete:
                self._surplus = True
            elif self._refused is None:
                self._refused = _invalid(f"what llhttp does not take: {why}")
        if self._unread > self._upstream.max_header_bytes and not self._complete:
            self._refused = self._refused or _invalid("too much between two pieces of content")
        if self._refused is not None and not self._complete:
            self._fail(self._refused)
        elif self._head is not None:
            self._settle(self._head)

    def connection_lost(self, exc: Exception | None) -> None:
        """End what is under way, and tell the pool."""
        self._lost = True
        if self._timer is not None:
            self._timer.cancel()
        if self._busy:
            head = self._head
            if head is not None and head.framing is Framing.UNTIL_CLOSE and exc is None and self._refused is None:
                self._complete = True
                self._settle(head)
            else:
                self.broke_unanswered = not self.answered
                reason = Reason.UPSTREAM_INVALID if self.answered else Reason.UPSTREAM_UNREACHABLE
                self._fail(Refused(reason, private="upstream closed early"))
        self._gone(self)

    # the parser's side

    def on_message_begin(self) -> None:
        """Stop where a second response follows the first."""
        if self._complete:
            raise _Stop

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a field. Trailers are counted and left out."""
        self._received += len(name) + len(value)
        if self._head is None:
            self._fields.append((name, value))
        elif self._received > self._upstream.max_header_bytes:
            self._stop(_invalid("too large a trailer"))

    def on_headers_complete(self) -> None:
        """Judge the head."""
        status: int = self._parser.get_status_code()
        if status < _INTERIM_BELOW:
            self._skip_interim(status)
            return
        if self._received > self._upstream.max_header_bytes:
            self._stop(_invalid("too large a head"))
        try:
            head = response_head(status, self._parser.get_http_version(), self._fields, method=self._method)
        except Refused as refused:
            self._stop(refused)
        limit = self._upstream.max_response_bytes
        if limit and head.framing is Framing.LENGTH and head.length > limit:
            self._stop(_invalid("a larger body than the policy takes"))
        self._head = head
        self._unread = 0
        self._received = 0
        if head.framing is Framing.NONE:
            self._complete = True

    def on_body(self, piece: bytes) -> None:
        """Take a piece of the body."""
        if self._complete:
            raise _Stop
        self._body_bytes += len(piece)
        self._unread = 0
        limit = self._upstream.max_response_bytes
        if limit and self._body_bytes > limit:
            self._stop(_invalid("a larger body than the policy takes"))
        if self._pipe is None:
            self._pieces.append(piece)
        else:
            self._pipe.put(piece)

    def on_message_complete(self) -> None:
        """The response, or an interim one, is at its end."""
        if self._in_interim:
            self._in_interim = False
        else:
            self._complete = True

    def _skip_interim(self, status: int) -> None:
        self._interim += 1
        framed = any(name.lower() in {b"content-length", b"transfer-encoding"} for name, _ in self._fields)
        if status == _SWITCHING or framed or self._interim > MOST_INTERIM:
            self._stop(_invalid("an interim response that is not taken"))
        self._fields.clear()
        self._unread = 0
        self._received = 0
        self._in_interim = True

    def _stop(self, refused: Refused) -> None:
        self._refused = refused
        raise _Stop

    # the exchange

    def _settle(self, head: ResponseHead) -> None:
        """Pass on what can be passed on; end the exchange when it is complete."""
        answer = self._answer
        if answer is not None and not answer.done():
            if self._complete:
                answer.set_result(Response(head.status, with_length(head, Framing.NONE), b"".join(self._pieces)))
            elif head.framing is not Framing.LENGTH or head.length > WHOLE:
                self._pipe = Pipe(self, self._pieces)
                answer.set_result(Response(head.status, with_length(head, Framing.LENGTH), BodyStream(self._pipe)))
                self._answer = None  # the stream must not be kept alive from here: forgotten, it ends the exchange
        if self._complete:
            self._finish(head)
        else:
            self._patience(self._upstream.idle_timeout_seconds)

    def _finish(self, head: ResponseHead) -> None:
        self._busy = False
        self._answer = None
        if self._pipe is not None:
            self._pipe.end()
            self._pipe = None
        if self._held and not self._lost:
            self._held = False
            self._transport.resume_reading()
        unsent = not self._lost and self._transport.get_write_buffer_size() > 0
        if self._surplus or self._lost or unsent or not head.keep_alive:
            self._transport.abort()
            return
        if head.framing is Framing.NONE:
            self._parser = httptools.HttpResponseParser(self)  # the old one may still wait for a body
        self._ended(self)

    def _fail(self, refused: Refused) -> None:
        self._busy = False
        answer, self._answer = self._answer, None
        pipe, self._pipe = self._pipe, None
        if answer is not None and not answer.done():
            answer.set_exception(refused)
        if pipe is not None:
            pipe.end(refused)
        self._transport.abort()

    # patience

    def _patience(self, seconds: float) -> None:
        """Set the deadline. The timer is left where it is as long as it goes off before it: setting one costs more."""
        self._deadline = self._loop.time() + seconds
        if self._timer is not None and self._timer.when() > self._deadline:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if not self._busy:
            return
        now = self._loop.time()
        if self._held:
            self._deadline = now + self._upstream.idle_timeout_seconds
        if now >= self._deadline:
            self._fail(Refused(Reason.UPSTREAM_TIMEOUT, private="upstream was silent too long"))
        else:
            self._timer = self._loop.call_at(self._deadline, self._tick)


def _invalid(what: str) -> Refused:
    return Refused(Reason.UPSTREAM_INVALID, private=f"upstream sent {what}")
