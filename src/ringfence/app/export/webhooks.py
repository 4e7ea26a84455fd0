"""A channel that is told by signed POSTs.  Standard Webhooks 1.0.0."""

from collections.abc import Callable

from ringfence.app.export.posting import Poster, TooLarge
from ringfence.app.export.sink import Away, Unwanted
from ringfence.clock import Clock
from ringfence.export.signature import signed_headers
from ringfence.export.telling import Message, document
from ringfence.secret import Secret


class Webhooks:
    """`Tells` one receiver of alerts."""

    def __init__(self, poster: Poster, secret: Callable[[], str], clock: Clock) -> None:
        """Sign with what `secret` reads each time."""
        self._poster = poster
        self._secret = secret
        self._clock = clock

    async def tell(self, message: Message) -> None:
        """Post the message.  Raises Away, Unwanted."""
        body = document(message).encode()
        try:
            secret = Secret(self._secret())
        except (OSError, ValueError) as error:
            raise Away(f"the secret cannot be read: {error}") from error
        headers = signed_headers(secret, message.message_id, body, self._clock())
        try:
            await self._poster.post(body, {"content-type": "application/json"} | headers)
        except TooLarge:
            raise Unwanted("answered 413") from None

    async def close(self) -> None:
        """Close the connection."""
        await self._poster.close()
