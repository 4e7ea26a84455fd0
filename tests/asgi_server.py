"""The parts of an ASGI server that a test needs: the lifespan, and calls over no network."""

import asyncio
from typing import Any

import httpx

PATIENCE = 30


class Server:
    """Runs an application's lifespan."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.state: dict[str, Any] = {}
        self._to: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> dict[str, Any]:
        """Begin the lifespan and return what the application says."""
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": self.state}
        self._task = asyncio.create_task(self.app(scope, self._to.get, self._from.put))
        await self._to.put({"type": "lifespan.startup"})
        return await asyncio.wait_for(self._from.get(), PATIENCE)

    async def stop(self) -> dict[str, Any]:
        """End the lifespan and return what the application says."""
        await self._to.put({"type": "lifespan.shutdown"})
        told = await asyncio.wait_for(self._from.get(), PATIENCE)
        assert self._task is not None
        await asyncio.wait_for(self._task, PATIENCE)
        return told

    def http(self, url: str) -> httpx.AsyncClient:
        """A client of the application."""
        transport = httpx.ASGITransport(self.app, client=("192.0.2.7", 1))
        return httpx.AsyncClient(transport=transport, base_url=url)
