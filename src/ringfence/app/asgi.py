"""Serve an ASGI application on a unix socket, with Granian in this process."""

import asyncio
from pathlib import Path
from typing import Any, Final

from granian.constants import Interfaces
from granian.server.embed import Server

from ringfence.clock import Seconds
from ringfence.gateway.server import prepare

LOOK_EVERY: Final[Seconds] = 0.01
SOCKET_MODE: Final = 0o600


async def serve_asgi_on(app: Any, address: str, port: int, stop: asyncio.Event) -> None:
    """Serve `app` over plain HTTP until `stop` is set.  Raises OSError or RuntimeError where it cannot listen."""
    server = Server(app, address=address, port=port, interface=Interfaces.ASGINL, websockets=False, log_enabled=False)

    async def end() -> None:
        await stop.wait()
        server.stop()  # type: ignore[no-untyped-call]

    ending = asyncio.create_task(end())
    try:
        await server.serve()
    finally:
        ending.cancel()


async def serve_asgi(app: Any, socket_path: Path, stop: asyncio.Event) -> None:
    """Serve `app` until `stop` is set; requests under way end first.

    The socket lies in a directory of mode 0700 and has mode 0600: the file system says who may connect.
    """
    prepare(socket_path)
    server = Server(app, uds=socket_path, interface=Interfaces.ASGINL, websockets=False, log_enabled=False)

    async def end() -> None:
        await stop.wait()
        server.stop()  # type: ignore[no-untyped-call]

    async def close_to_others() -> None:
        while not socket_path.exists():  # noqa: ASYNC110, ASYNC240 - Granian makes it and says nothing
            await asyncio.sleep(LOOK_EVERY)
        socket_path.chmod(SOCKET_MODE)  # noqa: ASYNC240 - one call, at the start

    beside = [asyncio.create_task(end()), asyncio.create_task(close_to_others())]
    try:
        await server.serve()
    finally:
        for task in beside:
            task.cancel()
        socket_path.unlink(missing_ok=True)  # noqa: ASYNC240 - one call, at the end
