"""POST to an operator's own collector: their authority, no proxy of the environment, no redirect.  RFC 9110 §9.3.3.

The fetcher for partners' URLs refuses addresses inside; this is for URLs that stand in the policy.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Final

import httpx

from ringfence import __version__
from ringfence.app.export.sink import Away
from ringfence.clock import Seconds

WITHIN: Final[Seconds] = 30.0
TOO_LARGE: Final = 413
LONGEST_ANSWER: Final = 65_536


class TooLarge(Exception):
    """The other side takes no body of this size."""


class Poster:
    """One URL and the connection to it."""

    def __init__(self, url: str, tls: Callable[[], ssl.SSLContext], within: Seconds = WITHIN) -> None:
        """Post to `url`; `tls` makes the context for each client, so that new files count."""
        self._url = url
        self._tls = tls
        self._within = within
        self._http: httpx.AsyncClient | None = None

    async def post(self, body: bytes, headers: dict[str, str]) -> bytes:
        """Return what the other side says when it has taken it: the body of an answer 2xx, 64 KiB of it at most.

        Raises:
            TooLarge: it answered 413.
            Away: anything else.
        """
        try:
            if self._http is None:
                self._http = httpx.AsyncClient(
                    verify=self._tls(), trust_env=False, follow_redirects=False, timeout=self._within
                )
            async with asyncio.timeout(self._within):
                status, said = await self._exchange(self._http, body, headers)
        except (httpx.HTTPError, OSError) as error:
            await self.close()
            raise Away(f"{type(error).__name__}: {error}") from error
        if status == TOO_LARGE:
            raise TooLarge
        if status // 100 != 2:  # noqa: PLR2004 - the class of success
            raise Away(f"answered {status}")
        return said

    async def _exchange(self, http: httpx.AsyncClient, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        own = {"user-agent": f"ringfence/{__version__}"}
        async with http.stream("POST", self._url, content=body, headers=own | headers) as answer:
            said = bytearray()
            async for piece in answer.aiter_raw():  # read to its end, the connection is good for the next batch
                said += piece
                if len(said) > LONGEST_ANSWER:
                    break
            return answer.status_code, bytes(said)

    async def close(self) -> None:
        """Close the connection."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None
