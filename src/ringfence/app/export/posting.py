"""POST to an operator's own collector: their authority, no proxy of the environment, no redirect.  RFC 9110 §9.3.3.

The fetcher for partners' URLs refuses addresses inside; this is for URLs that stand in the policy, and for those of
webhooks it goes where `app.export.guard` says.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Final

import httpx

from ringfence import __version__
from ringfence.app.export.guard import Way
from ringfence.app.export.sink import Away, Unwanted
from ringfence.clock import Seconds

WITHIN: Final[Seconds] = 30.0
TOO_LARGE: Final = 413
LONGEST_ANSWER: Final = 65_536
ABOUT_THE_BODY: Final = frozenset({400, 409, 415, 422})
"""Statuses that refuse this very body; the others are about the way, the time or who asks.  RFC 9110 §15.5."""


class TooLarge(Exception):
    """The other side takes no body of this size."""


class Poster:
    """One URL and the connection to it."""

    def __init__(
        self,
        url: str,
        tls: Callable[[], ssl.SSLContext],
        within: Seconds = WITHIN,
        way: Callable[[], Awaitable[Way]] | None = None,
    ) -> None:
        """Post to `url`; `tls` makes the context for each client, so that new files count; `way` says where it leads to."""
        self._url = url
        self._way = way
        self._tls = tls
        self._within = within
        self._http: httpx.AsyncClient | None = None

    async def post(self, body: bytes, headers: dict[str, str]) -> bytes:
        """Return what the other side says when it has taken it: the body of an answer 2xx, 64 KiB of it at most.

        Raises:
            TooLarge: it answered 413.
            Unwanted: it refuses this body.
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
        if status in ABOUT_THE_BODY:
            raise Unwanted(f"answered {status}")
        if status // 100 != 2:  # noqa: PLR2004 - the class of success
            raise Away(f"answered {status}")
        return said

    async def _exchange(self, http: httpx.AsyncClient, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        own, url, extensions = {"user-agent": f"ringfence/{__version__}"}, self._url, {}
        if self._way is not None:
            way = await self._way()
            url, extensions = way.url, {"sni_hostname": way.name}
            own["host"] = way.host
        async with http.stream("POST", url, content=body, headers=own | headers, extensions=extensions) as answer:
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
