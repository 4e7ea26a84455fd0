"""Fetch over a connection to the very address that was judged: resolved once, pinned, bounded.  RFC 9110; RFC 9112."""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import httptools

from ringfence.clock import Seconds
from ringfence.fetching import (
    FIELD_VALUE,
    MAX_BODY_BYTES,
    WITHIN,
    Answered,
    Fetched,
    Target,
    Unfetchable,
    fresh_for,
    require_public,
)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Resolve = Callable[[str, int], Awaitable[list[str]]]
Connect = Callable[[str, int, ssl.SSLContext, str], Awaitable[Streams]]
"""To this address and port, with TLS for this host name."""

MAX_HEADER_BYTES: Final = 16_384
MOST_AT_ONCE: Final = 8
"""Fetches under way: slow partners must not take all of a process."""
LONGEST_ETAG: Final = 256
OK: Final = 200
_BEARER: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""RFC 6750 §2.1."""
NOT_MODIFIED: Final = 304


class SystemResolver:
    """The system's resolver in threads of its own: names that take long must not hold up what else needs threads."""

    def __init__(self) -> None:
        """Start no thread yet."""
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="resolve")

    async def __call__(self, host: str, port: int) -> list[str]:
        """Return every address of a name.  Raises OSError."""
        ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return [str(entry[4][0]) for entry in found]


async def connect(address: str, port: int, tls: ssl.SSLContext, host: str) -> Streams:
    """Open a connection to an address, not a name; certificate and SNI are of the host.  Raises OSError."""
    return await asyncio.open_connection(address, port, ssl=tls, server_hostname=host, limit=MAX_HEADER_BYTES)


class HttpsFetcher:
    """`Fetcher` over asyncio's own streams: no proxy of the environment, no redirect, no cookie."""

    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
        connect: Connect = connect,
        within: Seconds = WITHIN,
    ) -> None:
        """Verify servers by `tls`, by the system's authorities where it is None; give up after `within`."""
        self._tls = tls or ssl.create_default_context()
        self._resolve = resolve or SystemResolver()
        self._connect = connect
        self._within = within
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    async def fetch(self, target: Target, etag: str) -> Fetched:
        """Return what is there.  Raises Unfetchable."""
        status, answer = await self._answered(target, _request(target, etag))
        return answer.judged(status, asked=bool(etag))

    async def post(self, target: Target, body: bytes, media_type: str, bearer: str) -> int:
        """Return the status of the answer.  Raises Unfetchable."""
        if bearer and not _BEARER.fullmatch(bearer):
            raise Unfetchable("the bearer token is none")
        return (await self.deliver(target, body, media_type, f"Bearer {bearer}" if bearer else "")).status

    async def deliver(self, target: Target, body: bytes, media_type: str, authorization: str) -> Answered:
        """Return the answer, whatever its status.  Raises Unfetchable."""
        status, answer = await self._answered(target, _posted(target, body, media_type, authorization))
        if not answer.headed:
            raise Unfetchable("the answer broke off")
        return Answered(status, answer.body)

    async def _answered(self, target: Target, request: bytes) -> "tuple[int, _Answer]":
        try:
            async with asyncio.timeout(self._within), self._places:
                return await self._exchange(target, request)
        except TimeoutError:
            raise Unfetchable(f"no whole answer within {self._within:.0f} s") from None
        except OSError as error:  # ssl.SSLError and socket.gaierror are too
            raise Unfetchable(f"{type(error).__name__}: {error}") from error
        except httptools.HttpParserError as error:
            raise Unfetchable(f"the answer is not HTTP/1.1: {error}") from error

    async def _exchange(self, target: Target, request: bytes) -> "tuple[int, _Answer]":
        address = require_public(await self._resolve(target.host, target.port))
        reader, writer = await self._connect(address, target.port, self._tls, target.host)
        try:
            writer.write(request)
            answer = _Answer()
            parser = httptools.HttpResponseParser(answer)
            while not answer.complete:
                data = await reader.read(MAX_HEADER_BYTES)
                if not data:
                    break
                parser.feed_data(data)
                answer.require_small(len(data))
        finally:
            writer.transport.abort()  # nobody says goodbye to a server that may not answer
        return (parser.get_status_code() if answer.headed else 0), answer


def _request(target: Target, etag: str) -> bytes:
    lines = [
        f"GET {target.path} HTTP/1.1",
        f"host: {target.authority}",
        "accept: application/jwk-set+json, application/json, */*;q=0.5",
        "accept-encoding: identity",
        "user-agent: ringfence",
        "connection: close",
        *([f"if-none-match: {etag}"] if etag else []),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _posted(target: Target, body: bytes, media_type: str, authorization: str) -> bytes:
    if authorization and not FIELD_VALUE.fullmatch(authorization):
        raise Unfetchable("the authorization is no value of a header field")
    lines = [
        f"POST {target.path} HTTP/1.1",
        f"host: {target.authority}",
        f"content-type: {media_type}",
        f"content-length: {len(body)}",
        *([f"authorization: {authorization}"] if authorization else []),
        "accept: application/json",
        "accept-encoding: identity",
        "user-agent: ringfence",
        "connection: close",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii") + body


class _Answer:
    """What the parser calls."""

    def __init__(self) -> None:
        self.headed = False
        self.complete = False
        self.headers: dict[str, str] = {}
        self._body = bytearray()
        self._received = 0

    def require_small(self, received: int) -> None:
        """Return if what came is bounded, header fields, chunk extensions and trailers too.  Raises Unfetchable."""
        self._received += received
        if len(self._body) > MAX_BODY_BYTES or self._received - len(self._body) > MAX_HEADER_BYTES:
            raise Unfetchable("the answer is too large")

    @property
    def body(self) -> bytes:
        return bytes(self._body)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1").strip()

    def on_headers_complete(self) -> None:
        self.headed = True

    def on_body(self, data: bytes) -> None:
        self._body += data

    def on_message_complete(self) -> None:
        self.complete = True

    def judged(self, status: int, *, asked: bool) -> Fetched:
        """Return the answer if it is one that counts.  Raises Unfetchable."""
        whole = self.complete or (
            self.headed and not {"content-length", "transfer-encoding"} & self.headers.keys()
        )  # without either, the end of the connection is the end of the body (RFC 9112 §6.3)
        if not whole:
            raise Unfetchable("the answer broke off")
        unchanged = asked and status == NOT_MODIFIED
        if status != OK and not unchanged:
            raise Unfetchable(f"answered {status}")
        if self.headers.get("content-encoding", "identity") != "identity":
            raise Unfetchable("the answer is compressed, which was not asked for")
        etag = self.headers.get("etag", "")
        usable = len(etag) <= LONGEST_ETAG and all("!" <= c <= "~" for c in etag)
        return Fetched(bytes(self._body), unchanged, etag if usable else "", fresh_for(self.headers))
