"""One socket of the signer: frames in, the keeper's replies out, from callers of one user only.

Who calls is known by the kernel (`SO_PEERCRED`, unix(7)) and by the socket: each role has its own, of mode 0600, and
what it may ask is in `keys.purposes`. A connection that says something else is closed.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, cast

import msgspec
import structlog

from ringfence.custody.wire import BadFrame, Frames, Refusal, Reply, Request, frame, read_request

_log = structlog.get_logger("ringfence.signer")

MODE: Final = 0o600
UNDER_WAY: Final = 1024
"""Requests of one connection at once; more are refused."""

_CREDENTIALS: Final = struct.Struct("3i")


class Peer(msgspec.Struct, frozen=True):
    """The process at the other end when it connected."""

    pid: int
    uid: int
    gid: int


Answer = Callable[[Peer, Request], Awaitable[Reply]]

Noted = Callable[[Peer, str, str], None]
"""Takes note of who was hung up on: what it wanted (`connect`, `request`), and why it did not get it."""


def _nobody_notes(_peer: Peer, _operation: str, _reason: str) -> None:
    """Take no note: the log has it."""


async def listen(
    path: Path, answer: Answer, uids: frozenset[int] | None, mode: int = MODE, noted: Noted = _nobody_notes
) -> asyncio.Server:
    """Return a started server on a socket of its own; the directory must keep others out until the mode is set.

    Args:
        path: of the socket; one that an earlier process left is replaced.
        answer: what replies.
        uids: users who may connect, root only where it is named; None: anybody, `answer` looks at who it is.
        mode: of the socket.
        noted: is told of who was hung up on.
    """
    path.unlink(missing_ok=True)  # noqa: ASYNC240 - one call, at the start
    server = await asyncio.get_running_loop().create_unix_server(lambda: _Connection(answer, uids, noted), str(path))
    path.chmod(mode)  # noqa: ASYNC240 - the same
    return server


def peer_of(connected: socket.socket) -> Peer:
    """Return who is at the other end."""
    return Peer(*_CREDENTIALS.unpack(connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)))


class _Connection(asyncio.Protocol):
    def __init__(self, answer: Answer, uids: frozenset[int] | None, noted: Noted) -> None:
        self._answer = answer
        self._noted = noted
        self._uids = uids
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None
        self._peer = Peer(0, -1, -1)
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one, but not by its class
        # a duplicate, because what uvloop hands out cannot be asked
        with socket.socket(fileno=os.dup(self._transport.get_extra_info("socket").fileno())) as connected:
            self._peer = peer_of(connected)
        if self._uids is not None and self._peer.uid not in self._uids:
            _log.warning("refused a caller of another user", pid=self._peer.pid, uid=self._peer.uid)
            self._noted(self._peer, "connect", "not-allowed")
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        if self._transport.is_closing():
            return
        try:
            for number, body in self._frames.feed(data):
                self._take(number, body)
        except (BadFrame, msgspec.DecodeError) as why:
            _log.warning("a caller said what is no request", pid=self._peer.pid, why=type(why).__name__)
            self._noted(self._peer, "request", "malformed")
            self._transport.abort()

    def _take(self, number: int, body: bytes) -> None:
        request = read_request(body)
        if len(self._tasks) >= UNDER_WAY:
            self._send(number, Refusal("unavailable", "too many requests at once"))
            return
        task = asyncio.get_running_loop().create_task(self._reply(number, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reply(self, number: int, request: Request) -> None:
        self._send(number, await self._answer(self._peer, request))

    def _send(self, number: int, reply: Reply) -> None:
        assert self._transport is not None
        if self._transport.is_closing():
            return
        try:
            self._transport.write(frame(number, reply))
        except BadFrame:
            self._transport.write(frame(number, Refusal("failed", "the answer is too long")))
