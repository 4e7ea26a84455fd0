"""Serve an ASGI application on a unix socket, with Granian in this process."""

import asyncio
from pathlib import Path
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server

from ringfence.gateway.server import prepare


async def serve_asgi(app: Any, socket_path: Path, stop: asyncio.Event) -> None:
    """Serve `app` until `stop` is set; requests under way end first.

    The socket lies in a directory of mode 0700 and has mode 0600: the file system says who may connect.
    """
    prepare(socket_path)
    server = Server(app, uds=socket_path, interface=Interfaces.ASGINL, websockets=False, log_enabled=False)

    async def end() -> None:
        await stop.wait()
        server.stop()  # type: ignore[no-untyped-call]

    ending = asyncio.create_task(end())
    try:
        await server.serve()
    finally:
        ending.cancel()
        socket_path.unlink(missing_ok=True)  # noqa: ASYNC240 - one call, at the end
