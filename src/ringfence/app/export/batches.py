"""A sink that takes batches by POST, one event a line."""

from collections.abc import Callable, Sequence

from ringfence.app.export.posting import Poster, TooLarge
from ringfence.app.export.sink import Away
from ringfence.clock import Seconds
from ringfence.export.line import Line


class Batches:
    """`Sink` of an HTTP collector."""

    settles_after: Seconds = 0.0

    def __init__(self, poster: Poster, token: Callable[[], str], most: int, form: str) -> None:
        """Send batches of `most` events; `token` reads the bearer token each time, empty where there is none."""
        self._poster = poster
        self._token = token
        self.most = most
        self._media_type = "text/plain; charset=utf-8" if form == "cef" else "application/x-ndjson"

    async def send(self, lines: Sequence[Line]) -> int:
        """Send the lines, or as many from the front as the collector takes at once.  Raises Away."""
        try:
            token = self._token()
        except (OSError, ValueError) as error:
            raise Away(f"the token cannot be read: {error}") from error
        headers = {"content-type": self._media_type} | ({"authorization": f"Bearer {token}"} if token else {})
        count = len(lines)
        while True:
            try:
                await self._poster.post("".join(f"{line.text}\n" for line in lines[:count]).encode(), headers)
            except TooLarge:
                if count == 1:
                    raise Away(f"answered 413 to one event alone, at position {lines[0].position}") from None
                count //= 2
                continue
            return count

    def require_whole(self) -> None:
        """Return: what was answered with success is taken."""

    async def close(self) -> None:
        """Close the connection."""
        await self._poster.close()
