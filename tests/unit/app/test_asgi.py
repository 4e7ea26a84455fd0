import asyncio
import stat
from pathlib import Path
from typing import Any

import httpx

from ringfence.app.asgi import serve_asgi
from ringfence.app.ready import answers


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.sleep(0.2)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


async def test_a_request_under_way_is_answered_when_told_to_stop(tmp_path: Path) -> None:
    socket, stop = tmp_path / "run" / "a.sock", asyncio.Event()
    serving = asyncio.create_task(serve_asgi(hello, socket, stop))
    async with asyncio.timeout(10):
        while not answers(socket):
            await asyncio.sleep(0.01)
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    async with asyncio.timeout(10):
        while stat.S_IMODE(socket.stat().st_mode) != 0o600:
            await asyncio.sleep(0.01)
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(socket))) as http:
        call = asyncio.create_task(http.get("http://x/"))
        await asyncio.sleep(0.05)
        stop.set()
        assert (await call).text == "hello"
    await asyncio.wait_for(serving, 10)
    assert not socket.exists()
