"""The way to a witness: one POST, with a limit to everything."""

import httpx
import msgspec

from ringfence.audit.ports import Unreachable

TIMEOUT_SECONDS = 3.0
LONGEST_ANSWER = 1 << 16


class Answer(msgspec.Struct, frozen=True):
    """What a witness answered."""

    status: int
    body: bytes


class HttpWitnesses:
    """Calls witnesses over HTTP; satisfies `audit.ports.WitnessCall`. Redirects are not followed."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._http = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)

    async def __call__(self, url: str, body: bytes) -> Answer:
        """POST `body` and return the answer.  Raises Unreachable."""
        try:
            async with self._http.stream("POST", url, content=body) as response:
                data = bytearray()
                async for piece in response.aiter_bytes():
                    data += piece
                    if len(data) > LONGEST_ANSWER:
                        raise Unreachable("its answer is too long")
                return Answer(response.status_code, bytes(data))
        except httpx.HTTPError as error:
            raise Unreachable(str(error) or type(error).__name__) from error

    async def close(self) -> None:
        """Close connections."""
        await self._http.aclose()
