"""No answer leaves before what happened for it is on the disk."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

from ringfence.ids import CorrelationId
from ringfence.problem import Reason, Refused, problem_document
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence")

_CORRELATION: Final = b"x-correlation-id"


class SettledAnswers:
    """An ASGI application whose answers wait for the weighty events that were taken before them."""

    def __init__(self, app: Any, settle: Callable[[], Awaitable[None]]) -> None:
        """Wrap `app`; `settle` returns when those events are on the disk, or raises Unavailable."""
        self._app = app
        self._settle = settle

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on, and hold its answer back until it may leave."""
        lost = False

        async def held(message: Any) -> None:
            nonlocal lost
            if message["type"] == "http.response.start":
                try:
                    await self._settle()
                except Unavailable as why:
                    lost = True
                    await _unavailable(message, send, str(why))
            if not lost:
                await send(message)

        await self._app(scope, receive, held)


async def _unavailable(message: Any, send: Any, why: str) -> None:
    """Say that it is not known what became of it, instead of what the application says."""
    correlation = CorrelationId(dict(message.get("headers", ())).get(_CORRELATION, b"").decode("ascii", "replace"))
    _log.error("what was done may be lost: it is not answered as done", correlation=correlation, why=why)
    refused = Refused(Reason.UNAVAILABLE)
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"cache-control", b"no-store"),
        (b"retry-after", b"1"),
        (_CORRELATION, correlation.encode()),
    ]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": problem_document(refused, correlation)})
