"""Talk to a running Envoy over its administration socket: is it ready, what did it take, what is under way."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from ringfence.clock import Seconds

ANSWER_SECONDS: Final = 5.0
"""For the administration socket to answer: it shares Envoy's main thread with configuration updates."""
LOOK_AGAIN_SECONDS: Final = 0.02

LISTENER_UPDATES: Final = "listener_manager.lds"
CLUSTER_UPDATES: Final = "cluster_manager.cds"
CERTIFICATE_UPDATES: Final = "sds"


class NotAnswering(Exception):
    """Envoy does not answer on its administration socket, or not with what was asked."""


class Control:
    """The administration of one Envoy.

    Args:
        socket: its administration socket.
    """

    def __init__(self, socket: Path) -> None:
        """Remember the socket; a connection is made for each question."""
        self._socket: Final = str(socket)

    async def ready(self) -> bool:
        """Say whether Envoy has its first configuration and serves."""
        try:
            return (await self._ask("GET", "/ready")).strip() == "LIVE"
        except NotAnswering:
            return False

    async def counters(self, prefix: str) -> dict[str, int]:
        """Return the statistics whose names begin with `prefix`, by the rest of their names."""
        text = await self._ask("GET", f"/stats?usedonly&filter=^{prefix}")
        rows = (line.partition(": ") for line in text.splitlines())
        return {name.removeprefix(prefix): int(value) for name, _, value in rows if value.isdigit()}

    async def active_listeners(self) -> frozenset[str]:
        """Return the names of the listeners that take connections, their certificates loaded."""
        text = await self._ask("GET", "/listeners?format=json")
        found: dict[str, Any] = msgspec.json.decode(text)
        return frozenset(entry["name"] for entry in found.get("listener_statuses", ()))

    async def missing_secrets(self) -> tuple[str, ...]:
        """Return the names of certificates that Envoy could not load; their listeners shake no hands."""
        dump: Mapping[str, Any] = msgspec.json.decode(
            await self._ask("GET", "/config_dump?resource=dynamic_warming_secrets")
        )
        return tuple(entry["name"] for entry in dump.get("configs", ()))

    async def mistakes(self) -> tuple[str, ...]:
        """Return what Envoy says of listeners, clusters and secrets that it would not take."""
        dump: Mapping[str, Any] = msgspec.json.decode(await self._ask("GET", "/config_dump"))
        return tuple(_details(dump))

    async def calls_under_way(self) -> int:
        """Return how many calls are being answered."""
        gauges = await self.counters("http.")
        return sum(
            value
            for name, value in gauges.items()
            if name.endswith(".downstream_rq_active") and not name.startswith(("admin.", "async-client."))
        )

    async def reopen_logs(self) -> None:
        """Let Envoy go on in a new file where its log was renamed; the next line goes there."""
        await self._ask("POST", "/reopen_logs")

    async def stop_listening(self) -> None:
        """Close the listening sockets, and tell connected clients with their next answer to go elsewhere."""
        await self._ask("POST", "/drain_listeners?graceful&skip_exit")
        await self._ask("POST", "/drain_listeners")

    async def _ask(self, method: str, target: str) -> str:
        transport = httpx.AsyncHTTPTransport(uds=self._socket)
        try:
            async with httpx.AsyncClient(transport=transport, timeout=ANSWER_SECONDS) as client:
                # The host is never resolved: the transport goes to the socket.
                answer = await client.request(method, f"http://edge{target}")
        except httpx.HTTPError as error:
            raise NotAnswering(str(error)) from error
        if answer.status_code != httpx.codes.OK and not target.startswith("/ready"):
            raise NotAnswering(f"{target} answered {answer.status_code}")
        return answer.text


async def until(condition: Callable[[], Awaitable[bool]], seconds: Seconds) -> bool:
    """Ask `condition` until it says true; false after that many seconds."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await condition():
        if asyncio.get_running_loop().time() >= deadline:
            return False
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    return True


def _details(value: Any) -> list[str]:
    # `error_state` objects stand at several depths of the dump; each holds `details`.
    if isinstance(value, dict):
        found = [value["error_state"].get("details", "")] if isinstance(value.get("error_state"), dict) else []
        return [*found, *(line for inner in value.values() for line in _details(inner))]
    if isinstance(value, list):
        return [line for inner in value for line in _details(inner)]
    return []
