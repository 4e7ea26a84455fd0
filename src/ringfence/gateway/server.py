"""The way in of a gateway worker: HTTP/1.1 on its own unix socket, open to the edge alone.  RFC 9112 §9."""

import asyncio
import stat
from pathlib import Path
from typing import Final

from ringfence.clock import Seconds
from ringfence.gateway.connection import Connection, Hall
from ringfence.gateway.ports import Handler
from ringfence.gateway.request_body import BODY_SECONDS
from ringfence.ids import Random, system_random

BACKLOG: Final = 1024
"""Connections that may wait to be accepted: more than the edge opens at once."""

ACCEPT_SECONDS: Final = 0.05
"""After the socket's name is gone, how long connections made before may still be accepted."""

QUIET_SECONDS: Final = 0.3
"""How long a connection must have been idle to be closed while draining: a request may be on its way to it."""

_TICK_SECONDS: Final = 0.05


async def serve(
    handler: Handler,
    socket_path: Path,
    stop: asyncio.Event,
    drain_seconds: Seconds,
    *,
    max_header_bytes: int = 32_768,
    random: Random = system_random,
    body_seconds: Seconds = BODY_SECONDS,
) -> None:
    """Serve until `stop` is set, then let calls under way end, and return.

    An idle connection is never closed before that, so that the edge decides when one ends and no
    request meets a closing connection.

    Args:
        handler: the gateway.
        socket_path: where to listen; a socket left by a killed worker is removed. Its directory is
            made, mode 0700.
        stop: ends the serving.
        drain_seconds: how long calls under way may take to end before they are broken off.
        max_header_bytes: limit of a request's target and fields together.
        random: for correlation and span ids.
        body_seconds: how long a body may take to arrive once it is asked for.

    Raises:
        OSError: the socket cannot be made; FileExistsError where something else has its name.
    """
    hall = Hall(handler, max_header_bytes, random, body_seconds)
    loop = asyncio.get_running_loop()
    prepare(socket_path)
    server = await loop.create_unix_server(lambda: Connection(hall), path=str(socket_path), backlog=BACKLOG)
    socket_path.chmod(0o600)  # noqa: ASYNC240 - one call at start, before anybody is served
    try:
        await stop.wait()
    finally:
        socket_path.unlink(missing_ok=True)  # noqa: ASYNC240 - one call, at the end
        hall.draining = True
        await asyncio.sleep(ACCEPT_SECONDS)
        server.close()
        await _drain(hall, loop.time() + drain_seconds)


def prepare(path: Path) -> None:
    """Make the socket's directory, and remove a socket that a killed process left.

    Raises:
        FileExistsError: something else than a socket has its name.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(f"{path} is not a socket")
    path.unlink()


async def _drain(hall: Hall, deadline: float) -> None:
    """Close idle connections, wait for busy ones (each ends with its answer), break off the rest."""
    loop = asyncio.get_running_loop()
    while hall.connections and loop.time() < deadline:
        for connection in tuple(hall.connections):
            if connection.idle and loop.time() - connection.quiet_since >= QUIET_SECONDS:
                connection.shut()
        await asyncio.sleep(_TICK_SECONDS)
    for connection in tuple(hall.connections):
        connection.abort()
    await asyncio.sleep(0)
