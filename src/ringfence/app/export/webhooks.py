"""A sink that is told of each alert by a signed POST.  Standard Webhooks 1.0.0."""

from collections.abc import Callable, Sequence

from ringfence.app.export.posting import Poster, TooLarge
from ringfence.app.export.sink import Away
from ringfence.clock import Clock, Seconds
from ringfence.export.line import Line
from ringfence.export.signature import signed_headers
from ringfence.secret import Secret


class Webhooks:
    """`Sink` of one receiver of alerts."""

    most = 1
    settles_after: Seconds = 0.0

    def __init__(self, poster: Poster, secret: Callable[[], str], clock: Clock) -> None:
        """Sign with what `secret` reads each time."""
        self._poster = poster
        self._secret = secret
        self._clock = clock

    async def send(self, lines: Sequence[Line]) -> int:
        """Tell of the first alert.  Raises Away."""
        line, body = lines[0], lines[0].text.encode()
        try:
            secret = Secret(self._secret())
        except (OSError, ValueError) as error:
            raise Away(f"the secret cannot be read: {error}") from error
        headers = signed_headers(secret, f"msg_{line.uid}", body, self._clock())
        try:
            await self._poster.post(body, {"content-type": "application/json"} | headers)
        except TooLarge:
            raise Away("answered 413") from None
        return 1

    def require_whole(self) -> None:
        """Return: what was answered with success is taken."""

    async def close(self) -> None:
        """Close the connection."""
        await self._poster.close()
