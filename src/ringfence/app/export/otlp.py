"""A sink that takes log records or spans by OTLP over HTTP, in JSON.  OTLP 1 §OTLP/HTTP."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import structlog

from ringfence.app.export.posting import Poster, TooLarge
from ringfence.app.export.sink import Away
from ringfence.clock import Seconds
from ringfence.export.line import Line
from ringfence.export.otlp import Signal, envelope
from ringfence.export.record import Origin

_log = structlog.get_logger("ringfence.export")

MEDIA_TYPE: Final = "application/json"
LONGEST_TOLD: Final = 300


class _Partial(msgspec.Struct, rename="camel"):
    rejected_log_records: int | str = 0
    rejected_spans: int | str = 0
    error_message: str = ""


class _Answer(msgspec.Struct, rename="camel"):
    partial_success: _Partial | None = None


class Otlp:
    """`Sink` of an OpenTelemetry collector."""

    settles_after: Seconds = 0.0

    def __init__(
        self, poster: Poster, token: Callable[[], str], most: int, origin: Origin, signal: Signal = "logs"
    ) -> None:
        """Send batches of `most` events; `token` reads the bearer token each time, empty where there is none."""
        self._signal: Signal = signal
        self._poster = poster
        self._token = token
        self.most = most
        self._origin = origin

    async def send(self, lines: Sequence[Line]) -> int:
        """Send the lines, or as many from the front as the collector takes at once.

        What a collector takes in part it must not be sent again (§Partial Success): it is told in the log.

        Raises:
            Away: not taken; it can be tried again.
        """
        try:
            token = self._token()
        except (OSError, ValueError) as error:
            raise Away(f"the token cannot be read: {error}") from error
        headers = {"content-type": MEDIA_TYPE} | ({"authorization": f"Bearer {token}"} if token else {})
        count = len(lines)
        while True:
            body = envelope([line.text for line in lines[:count]], self._origin, self._signal)
            try:
                self._look_at(await self._poster.post(body, headers), lines[0].position)
            except TooLarge:
                if count == 1:
                    raise Away(f"answered 413 to one event alone, at position {lines[0].position}") from None
                count //= 2
                continue
            return count

    def _look_at(self, answer: bytes, position: int) -> None:
        try:
            said = msgspec.json.decode(answer, type=_Answer).partial_success if answer else None
        except msgspec.DecodeError:
            return  # answered with success, in a form that says nothing more
        if said is None:
            return
        refused = said.rejected_log_records if self._signal == "logs" else said.rejected_spans
        if str(refused) != "0":
            _log.error(
                "a collector took a batch in part: what it refused is lost to it",
                refused=refused,
                first_position=position,
                why=said.error_message[:LONGEST_TOLD],
            )

    def require_whole(self) -> None:
        """Return: what was answered with success is taken."""

    async def close(self) -> None:
        """Close the connection."""
        await self._poster.close()
